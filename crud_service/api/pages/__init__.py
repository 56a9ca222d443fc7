"""The pages for people: plain HTML, CSS and ES modules, served as they lie here, without a build or a third party."""

from crud_service.api.pages.pages import Page, load_pages

__all__ = ["Page", "load_pages"]
