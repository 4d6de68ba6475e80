"""What exists: the door to all tables, in ``tables/``.  Verbs live in ``domain``."""

from tables.accounts import (  # noqa: F401
    ACTIVE,
    CLOSE_REASONS,
    CLOSED,
    DISABLED,
    LINK_PURPOSES,
    LOCK_REASONS,
    LOCKED,
    PENDING,
    STATES,
    AddressChange,
    Device,
    FormReceipt,
    Link,
    LinkOpening,
    LoginSession,
    PortalAccount,
    RateCount,
    UnsentForm,
)
from tables.agency import (  # noqa: F401
    HOUSE_TEXTS,
    PAGE_SLUGS,
    Agency,
    HouseMark,
    HouseText,
    PageVersion,
    Setting,
    Site,
)
from tables.answers import ANSWER_LETTERS, OfficeDay, OfficeText, WorkerAbsence  # noqa: F401
from tables.audit import (
    AuditEntry,
    AuditHead,
    AuditValues,
)
from tables.availability import (
    AvailabilityCalendar,
    AvailabilityException,
    AvailabilityRow,
    AvailabilityType,
    Holiday,
)
from tables.base import (  # noqa: F401
    PublicId,
    Row,
    UTCDateTimeField,
    db,
    new_public_id,
    one_of,
)
from tables.brand import (
    BrandChoice,
    BrandPicture,
)
from tables.bulk import (  # noqa: F401
    BULK_OUTCOMES,
    BULK_STATES,
    BULK_VERBS,
    BulkJob,
    BulkRow,
)
from tables.calendar import (  # noqa: F401
    ATTENDANCE_STATES,
    CONFIRMED_HOW,
    EVENT_STATES,
    TAKES_TIME,
    Attendance,
    CalendarFeed,
    Event,
    EventMessage,
)
from tables.discussions import (  # noqa: F401
    DISCUSSION_STATES,
    MESSAGE_AUTHORS,
    MESSAGE_LETTERS,
    SUBJECT_LETTERS,
    Discussion,
    DiscussionFollower,
    Message,
)
from tables.documents import (  # noqa: F401
    DOCUMENT_STATES,
    SIGNERS,
    SIGNING,
    Checklist,
    ChecklistItem,
    ChecklistTemplate,
    Document,
    DocumentAnswer,
    DocumentDecision,
    DocumentFile,
    DocumentPdf,
    DocumentSignature,
    DocumentTemplate,
    DocumentVersion,
)
from tables.files import (  # noqa: F401
    MEDIA_TYPES,
    NAME_LETTERS,
    Attachment,
    StoredFile,
    StoredPiece,
)
from tables.imports import (  # noqa: F401
    IMPORT_STATES,
    IMPORT_SUBJECTS,
    ImportedRow,
    ImportFile,
    ImportMapping,
    ImportProblem,
    ImportRow,
    ImportRun,
)
from tables.inbox import Notice
from tables.individuals import (  # noqa: F401
    CHANNELS,
    CONTACT_KINDS,
    Consent,
    Contact,
    Follow,
    Individual,
    SearchWord,
)
from tables.message_texts import (  # noqa: F401
    TEXT_KINDS,
    MessageText,
)
from tables.outbox import (  # noqa: F401
    DELIVERY_STATES,
    AddressHealth,
    ChannelHealth,
    Delivery,
    DeliveryAttempt,
)
from tables.preferences import (  # noqa: F401
    WAYS,
    ClientChoice,
    EventReminder,
    WorkerChoice,
    WorkerReminder,
)
from tables.reply_links import (  # noqa: F401
    REPLY_LINK_ENDS,
    ReplyLink,
)
from tables.requests import EventRequest
from tables.second_step import (
    Authenticator,
    HalfSignIn,
    RecoveryCode,
)
from tables.services import (  # noqa: F401
    GROUP_KINDS,
    SERVICE_KINDS,
    Enrolment,
    EnrolmentWorker,
    Group,
    Participant,
    RosterEntry,
    Service,
    ServiceWorker,
)
from tables.staff import (  # noqa: F401
    BUILT_IN_CATEGORIES,
    GROUPS,
    CategoryMember,
    SecurityClass,
    Worker,
    WorkerCategory,
    WorkerPhoto,
)
from tables.statistics import (
    DayCount,
)
from tables.timetable import (
    JobRun,
)
from tables.work import (  # noqa: F401
    CHANGE_GROUPS,
    CHANGE_STATES,
    ProfileChange,
    Task,
)

TABLES: tuple[type[Row], ...] = (
    Agency, Site, Setting, PageVersion, HouseText, HouseMark, SecurityClass, Worker, WorkerCategory, CategoryMember, Individual,
    Contact, Consent, Follow, SearchWord, PortalAccount, Link, LinkOpening, Device, LoginSession, AddressChange, RateCount,
    FormReceipt, UnsentForm, Task, ProfileChange, Delivery, DeliveryAttempt,
    ChannelHealth, AddressHealth, JobRun, AuditEntry, AuditValues, AuditHead, ImportRun, ImportRow, ImportedRow,
    ImportFile, ImportProblem, ImportMapping, DayCount, BulkJob, BulkRow,
    Authenticator, RecoveryCode, HalfSignIn, BrandChoice, BrandPicture, WorkerPhoto,
    Service, Group, ServiceWorker, Enrolment, EnrolmentWorker, Participant, RosterEntry, Event, Attendance, EventMessage, CalendarFeed,
    AvailabilityType, AvailabilityCalendar, AvailabilityRow, AvailabilityException, Holiday, EventRequest,
    Discussion, DiscussionFollower, Message, StoredFile, StoredPiece, Attachment, Notice, OfficeDay, OfficeText, WorkerAbsence,
    ReplyLink, ClientChoice, WorkerChoice, WorkerReminder, EventReminder, MessageText,
    DocumentTemplate, DocumentVersion, ChecklistTemplate, ChecklistItem, Checklist, Document, DocumentAnswer, DocumentFile,
    DocumentSignature, DocumentDecision, DocumentPdf,
)  # fmt: skip
