"""What a case's order was worth: its registers and its counts by sector. Of the mission edition alone."""

from __future__ import annotations

from truceline.base.canonical import digest_bytes
from truceline.base.errors import CaseError, Problem
from truceline.desk.worth import weigh_order
from truceline.findings.order_worth import OrderWorth
from truceline.workflow.case import Case
from truceline.workflow.desk_files import (
    FOLDER,
    MISSION,
    is_missions,
    open_mission,
    open_orders,
    open_party,
    party_path,
)
from truceline.workflow.measure import Gauge


def weigh_orders(case: Case, gauge: Gauge, *, edition: str) -> OrderWorth | None:
    """The effect of the order to cease fire; None in every edition but the mission's, or without registers.

    Raises
    ------
    CaseError
        If the mission's desk file names no series of the case, or a group stands in no area of it.
    """
    if edition != MISSION or not desk_digests(case):
        return None
    mission = open_mission(case.folder, case.truce)
    if mission.worth is None:
        return None
    label = f"case:{FOLDER}/{MISSION}.yaml"
    spec = next((one for one in case.file.series if one.id == mission.worth.series), None)
    if spec is None:
        raise CaseError(
            Problem(code="name_unknown", message="the case has no such series", file=label, column="worth.series", got=mission.worth.series, expected=" | ".join(one.id for one in case.file.series))
        )  # fmt: skip
    registers = [
        open_orders(case.folder, open_party(case.folder, case.truce, party))
        for party in case.truce.party_ids
        if party_path(case.folder, party).is_file()
    ]
    unknown = sorted({name for register in registers for node in register.file.chain for name in node.sectors} - set(case.area_names))  # fmt: skip
    if unknown:
        raise CaseError(
            Problem(code="name_unknown", message="groups stand in sectors that are no areas of the case", file=f"case:{FOLDER}/", column="sectors", got=", ".join(unknown), expected=" | ".join(case.area_names))
        )  # fmt: skip
    if spec.source not in {one.source_id for one in gauge.ingested.sources if one.state == "read"}:
        return None
    window = case.truce.window(case.truce.clocks[0].id)
    return weigh_order(
        registers,
        kind=mission.worth.kind,
        series_id=spec.id,
        window=window,
        series_of=lambda sector: gauge.series_of(spec, area_id=sector, period=window),
        seed=case.file.seed,
    )


def desk_digests(case: Case) -> list[tuple[str, str]]:
    """Label and SHA-256 of the desk's files; none where the mission keeps no desk file."""
    if not is_missions(case.folder):
        return []
    folder = case.folder / FOLDER
    paths = [folder / f"{MISSION}.yaml", folder / "holdings.yaml"]
    for party in case.truce.party_ids:
        paths += [folder / f"{party}{end}" for end in (".yaml", ".orders.jsonl", ".declarations.jsonl")]
    return [
        (f"case:{FOLDER}/{path.name}", digest_bytes(path.read_bytes())) for path in paths if path.is_file()
    ]
