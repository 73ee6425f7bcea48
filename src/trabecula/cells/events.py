"""Counting what happens."""

from trabecula.state import State

EVENTS = {
    "clusters": "clusters of osteocyte death that can start a site",
    "osteocytes_killed": "osteocytes that died in such clusters",
    "osteocytes_died": "osteocytes that died of age and hormones",
    "osteocytes_freed": "osteocytes whose bone was resorbed",
    "osteocytes_born": "osteoblasts that were buried as osteocytes",
    "precursors_born": "osteoclast precursors delivered by vessels",
    "precursors_died": "osteoclast precursors that died",
    "osteoclasts_born": "precursors that became mononuclear osteoclasts",
    "osteoclasts_fused": "fusions of two osteoclasts",
    "osteoclasts_died": "osteoclasts that lost their last nucleus",
    "nuclei_died": "osteoclast nuclei that died",
    "lining_opened": "lining cells that withdrew",
    "lining_woken": "lining cells over bound factor that became osteoblasts",
    "lining_shed": "lining cells that lost their place",
    "lining_born": "lining cells born by division",
    "osteoblasts_born": "preosteoblasts recruited",
    "osteoblasts_activated": "preosteoblasts that became active",
    "osteoblasts_died": "osteoblasts that died before their work was done",
    "osteoblasts_lined": "osteoblasts that ended as lining cells",
    "osteoblasts_ended": "osteoblasts that ended by apoptosis after their work",
    "pieces_cleared": "pieces of bone that nothing held and that were cleared away",
    "sites_begun": "remodelling sites activated",
    "sites_completed": "remodelling sites that returned to quiescence",
}


def count_event(state: State, name: str, number: int) -> None:
    """Add `number` to the cumulative count of event `name`.

    Raises
    ------
    KeyError
        If the event has no entry in :data:`EVENTS`.
    """
    if name not in EVENTS:
        raise KeyError(name)
    state.events[name] = state.events.get(name, 0) + int(number)
