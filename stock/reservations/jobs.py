from __future__ import annotations

from collections.abc import Callable

from core.actor import Actor
from core.jobs import Daily, Every, Job
from core.work import Tx, Work
from stock.reservations.commands import expire_reservations
from stock.reservations.proof import prove

HOUR = 3600


def end_overdue(tx: Tx) -> str:
    """End the promises whose last day has passed."""
    return f"{expire_reservations(tx)} expired"


def prove_balances(work: Work, actor: Actor) -> Callable[[Tx], str]:
    """Prove every balance; what does not fit goes into the audit chain and the job's outcome, unrepaired."""
    with work.read_by(actor) as tx:
        proof = prove(tx)

    def tell(tx: Tx) -> str:
        for problem in proof.problems[:100]:
            tx.note("stock.proof_failed", "stock", problem.where, invariant=problem.invariant, found=problem.found)
        return f"{proof.balances} balances, {len(proof.problems)} problems"

    return tell


JOBS: tuple[Job, ...] = (
    Job(name="stock.expire_reservations", trigger=Every(HOUR), act=end_overdue),
    Job(name="stock.prove_balances", trigger=Daily(2), look=prove_balances),
)
