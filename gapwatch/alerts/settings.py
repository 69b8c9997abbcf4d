"""Settings of alerts: who is told, how much at most, and through which channels."""

from __future__ import annotations

from pydantic import Field

from gapwatch.sources import Settings, TextList


class Alerts(Settings):
    """What is raised, for whom."""

    newest_within_days: int = Field(
        default=14,
        ge=0,
        le=100_000,
        description="A snapshot whose `as_of` is older is history: it raises suppressed, and sends nothing.",
    )
    budget: int = Field(default=10, ge=0, le=100_000, description="Most alerts per owner and week.")
    owners: dict[str, str] = Field(
        default_factory=dict,
        description="Role -> person, for roles that no account names (`data_owner`).",
    )
    default_owner: str | None = Field(
        default=None, min_length=1, description="Who gets what nobody owns; null: nobody."
    )
    default_channels: TextList = Field(
        default_factory=list, description="Channels of owners who are not among `people`."
    )
    link_base: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s]+$",
        description="Address of the screens, for links in messages.",
    )
