"""Who asks: a name, a role, and labels. Knows neither keys nor documents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Role = Literal["reader", "editor", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person or a program. `id` is that of the user; 0 is who sits at the machine itself.

    An editor may do all that a reader may, an admin all that an editor may; an admin reads
    everything. `key` is the id of the API key that was shown, 0 without one.
    """

    id: int
    name: str
    role: Role
    labels: frozenset[str] = frozenset()
    key: int = 0

    def may(self, role: Role) -> bool:
        """Whether the visitor's role includes this one."""
        return ROLES.index(self.role) >= ROLES.index(role)

    @property
    def reads_everything(self) -> bool:
        return self.role == "admin"


OWNER = Visitor(0, "owner", "admin")
