"""The ways in for machines. Every one of them reads its body by our own limits, set here before any is declared."""

from flask_smorest import Blueprint

from routes.limits import StrictParser

Blueprint.ARGUMENTS_PARSER = StrictParser()
