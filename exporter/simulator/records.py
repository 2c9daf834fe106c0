"""The records of one kind that a platform holds."""

from collections.abc import Iterable, Iterator, ValuesView
from dataclasses import replace
from typing import Any, ClassVar, Generic, Protocol, TypeVar


class Record(Protocol):
    """A frozen dataclass that is known by its uuid."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def uuid(self) -> str:
        """Unique among the records of its kind."""
        ...


R = TypeVar("R", bound=Record)


class Records(Generic[R]):
    """Records by uuid, in the order of their creation.

    `revision` changes whenever they do.
    """

    def __init__(self, records: Iterable[R] = ()) -> None:
        self._records = {record.uuid: record for record in records}
        self.revision = 0

    def add(self, record: R) -> None:
        """Add the record, or put it in the place of the one with its uuid."""
        self._records[record.uuid] = record
        self.revision += 1

    def remove(self, uuid: str) -> R:
        """Remove and return the record."""
        self.revision += 1
        return self._records.pop(uuid)

    def alter(self, uuid: str, **changes: Any) -> R:
        """Change fields of the record, by the names that its class gives them."""
        record = replace(self._records[uuid], **changes)
        self.add(record)
        return record

    def clear(self) -> None:
        """Remove every record."""
        self._records.clear()
        self.revision += 1

    def values(self) -> ValuesView[R]:
        """The records."""
        return self._records.values()

    def __getitem__(self, uuid: str) -> R:
        return self._records[uuid]

    def __contains__(self, uuid: object) -> bool:
        return uuid in self._records

    def __iter__(self) -> Iterator[str]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)
