"""What a service lets in, and how it refuses the rest: in one line, with a status of 4xx."""

import contextlib
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException as AnyHTTPException
from starlette.requests import ClientDisconnect

MOST_BYTES = 1 << 20


class Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class Row(Strict):
    item: str
    fields: dict[str, Any] = {}


class RatedRow(Row):
    label: Annotated[float, Field(allow_inf_nan=False)]


Candidate = Annotated[Row, BeforeValidator(lambda value: {"item": value} if isinstance(value, str) else value)]


class Question(Strict):
    support: list[RatedRow] = []
    task: dict[str, Any] = {}
    candidates: Annotated[list[Candidate], Field(max_length=10_000)] | None = None  # None: all that are not rated
    top: Annotated[int, Field(ge=1, le=1000)] = 10


def refuse(status, text):
    return JSONResponse({"error": " ".join(str(text).split())[:300]}, status)


def first_of(error):
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc'])) or 'body'}: {first['msg']}"


def body_as(model):
    async def read(request: Request):
        body = bytearray()
        try:
            # What is too large is read and dropped, or else the refusal would not reach who still sends.
            async for chunk in request.stream():
                if len(body) <= MOST_BYTES:
                    body += chunk
            if len(body) > MOST_BYTES:
                raise HTTPException(413, f"the body has more than {MOST_BYTES} bytes")
            return model.model_validate_json(bytes(body))
        except ClientDisconnect as error:
            raise HTTPException(400, "the body ended early") from error
        except ValidationError as error:
            raise HTTPException(422, first_of(error)) from error

    return Depends(read)


@contextlib.contextmanager
def refusing(place):
    """A ValueError inside is the client's, about this place of its request."""
    try:
        yield
    except ValueError as error:
        raise HTTPException(422, f"{place}: {error}") from error


def add_refusals(app):
    app.add_exception_handler(AnyHTTPException, lambda _, error: refuse(error.status_code, error.detail))
    app.add_exception_handler(RequestValidationError, lambda _, error: refuse(422, first_of(error)))
