"""What every microservice needs around its logic: transport-neutral middleware, one function a file."""
