"""What a worker may do: by the user group, and by the security class on top of it (spec 00, people and rights)."""

from __future__ import annotations

from models import SecurityClass, Worker

_INTAKE = frozenset({"view_all_individuals", "edit_individuals", "manage_accounts", "manage_services", "answer_requests"})
_EXEC = _INTAKE | {
    "manage_schedule_of_others", "manage_documents", "manage_billing", "manage_triggers", "view_statistics",
    "manage_workers", "view_audit", "import_data", "export_data",
}  # fmt: skip
_ADMIN = _EXEC | {"manage_setup", "manage_integrations", "send_activations"}
GROUP_RIGHTS: dict[str, frozenset[str]] = {
    "worker": frozenset(), "intake_mgmt": _INTAKE, "admin_exec": frozenset(_EXEC), "system_admin": frozenset(_ADMIN),
}  # fmt: skip
RIGHTS = GROUP_RIGHTS["system_admin"]


def rights_of(worker: Worker) -> frozenset[str]:
    """User group and security class together; unknown words in a class give nothing."""
    rights = GROUP_RIGHTS[worker.group]
    return rights if worker.security_class_id is None else rights | rights_in(worker.security_class)


def rights_in(security_class: SecurityClass | None) -> frozenset[str]:
    """What a class gives: the words in it that are rights."""
    return RIGHTS & frozenset(security_class.rights.split()) if security_class else frozenset()
