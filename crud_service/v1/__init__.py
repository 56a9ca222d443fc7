"""Generated from proto/crud_service/v1 by scripts/generate. Do not edit."""
