"""Django: wsgi() for synchronous servers, with views that block, and asgi() for asynchronous ones, with coroutines.

/ replies at once, /wait after 10 ms, as after a query to a database."""
import asyncio
import time

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path

WAIT_S = 0.01
urlpatterns = []


def reply():
    return HttpResponse(b"Hello, world!", content_type="text/plain", headers={"Content-Length": "13"})


def hello(_):
    return reply()


def wait(_):
    time.sleep(WAIT_S)
    return reply()


async def hello_async(_):
    return reply()


async def wait_async(_):
    await asyncio.sleep(WAIT_S)
    return reply()


def configure(*views):
    urlpatterns.extend(path(name, view) for name, view in zip(("", "wait"), views))
    settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="none", LOGGING_CONFIG=None)


def wsgi():
    configure(hello, wait)
    return get_wsgi_application()


def asgi():
    configure(hello_async, wait_async)
    return get_asgi_application()
