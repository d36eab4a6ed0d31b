"""The application for a WSGI server: ``gunicorn wsgi:app``."""

from core import logs
from routes.app import create_app

logs.own_process()
app = create_app()
