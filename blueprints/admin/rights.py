"""What each right of a security class lets its owner do, in plain words."""

from __future__ import annotations

from domain.rules import N_

GROUPS = (
    (N_("Clients"), {
        "view_all_individuals": (N_("See every client"), N_("Not only those whom they follow.")),
        "edit_individuals": (N_("Edit records"), N_("Names, dates, contacts and consent; accept what clients ask to change.")),
        "answer_requests": (N_("Answer requests"), N_("For appointments and for a place in a service.")),
    }),
    (N_("Portal accounts"), {
        "send_activations": (N_("Send activations"), N_("Give clients an account, and send its link again.")),
        "manage_accounts": (N_("Manage accounts"), N_("Suspend, unlock, disable and close; decide about failed e-mails.")),
    }),
    (N_("What the agency offers"), {
        "manage_services": (N_("Manage services"), N_("What is offered, and who sees it.")),
        "manage_schedule_of_others": (N_("Manage schedules of others"), N_("Book and move appointments of every worker.")),
        "manage_documents": (N_("Manage documents"), N_("Forms and what belongs to them.")),
        "manage_triggers": (N_("Manage triggers"), N_("What the portal does by itself.")),
        "manage_billing": (N_("Manage billing"), N_("Bills and payments.")),
    }),
    (N_("Oversight"), {
        "view_audit": (N_("See who did and saw what"), N_("The history of every record that they may see.")),
        "view_statistics": (N_("See figures"), N_("How the portal is used; no names.")),
        "import_data": (N_("Import"), N_("Take in clients, workers, sites, services, enrolments and appointments from files.")),
        "export_data": (N_("Export"), N_("Take data out of the portal.")),
    }),
    (N_("Running the portal"), {
        "manage_workers": (N_("Manage workers"), N_("Invite, change and part from workers who have no more rights than they.")),
        "manage_setup": (N_("Change settings"), N_("What the agency decides for everybody.")),
        "manage_integrations": (N_("Connect other programs"), N_("Let other programs read and write.")),
    }),
)  # fmt: skip
NAMES = {right: words for _, rights in GROUPS for right, words in rights.items()}
