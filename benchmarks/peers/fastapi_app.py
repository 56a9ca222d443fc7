"""What one would write instead of crud-service: FastAPI, SQLModel and SQLite, in the way of their own tutorials.

WAL, and SQLite's own default of synchronous=FULL: a create is on the disk when it is answered, as in crud-service.
Environment: BENCH_DATABASE, the path of the database file.
"""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Query
from pydantic import BaseModel
from sqlalchemy import event
from sqlmodel import JSON, Column, Field, Session, SQLModel, create_engine, select


def _now() -> datetime:
    return datetime.now(UTC)


class Note(SQLModel, table=True):
    """The record as a table."""

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(default="", index=True, max_length=512)
    date: datetime = Field(default_factory=_now, index=True)
    content: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    tags: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    create_time: datetime = Field(default_factory=_now)
    update_time: datetime = Field(default_factory=_now)


class NoteCreate(BaseModel):
    """What a client sends."""

    name: str = ""
    date: datetime
    content: dict[str, Any]
    tags: list[str] = []


class NotePublic(NoteCreate):
    """What a client gets."""

    id: int
    create_time: datetime
    update_time: datetime


engine = create_engine(f"sqlite:///{os.environ['BENCH_DATABASE']}", connect_args={"timeout": 30})


@event.listens_for(engine, "connect")
def _use_wal(connection: Any, _record: Any) -> None:
    connection.execute("pragma journal_mode = wal")


def _session() -> Iterator[Session]:
    with Session(engine) as session:
        yield session


SessionOf = Annotated[Session, Depends(_session)]


@asynccontextmanager
async def _lifespan(_app: FastAPI) -> AsyncIterator[None]:
    with engine.begin() as connection:
        connection.exec_driver_sql("begin immediate")  # two workers start at once
        SQLModel.metadata.create_all(connection)
    yield


app = FastAPI(lifespan=_lifespan)


@app.post("/notes", status_code=201, response_model=NotePublic)
def create_note(note: NoteCreate, session: SessionOf) -> Note:
    """Store a note and return it."""
    stored = Note.model_validate(note.model_dump())
    session.add(stored)
    session.commit()
    session.refresh(stored)
    return stored


@app.get("/notes/{note_id}", response_model=NotePublic)
def get_note(note_id: int, session: SessionOf) -> Note:
    """Return one note."""
    note = session.get(Note, note_id)
    if note is None:
        raise HTTPException(404, "no such note")
    return note


@app.get("/notes", response_model=list[NotePublic])
def list_notes(session: SessionOf, after: int = 0, limit: Annotated[int, Query(ge=1, le=1000)] = 50) -> list[Note]:
    """Return a page of notes in the order of their ids."""
    return list(session.exec(select(Note).where(Note.id > after).order_by(Note.id).limit(limit)))
