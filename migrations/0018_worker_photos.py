"""Photos of workers."""

from peewee import BlobField, CharField, ForeignKeyField, IntegerField, Model


class Worker(Model):
    class Meta:
        table_name = "worker"


class WorkerPhoto(Model):
    public_id = CharField(max_length=22, unique=True)
    worker = ForeignKeyField(Worker, on_delete="CASCADE")
    kind = CharField(max_length=20)
    content_type = CharField(max_length=20)
    width = IntegerField()
    height = IntegerField()
    body = BlobField()

    class Meta:
        legacy_table_names = False
        indexes = ((("worker", "kind"), True),)


def up(migrator, db):
    with db.bind_ctx([Worker, WorkerPhoto]):
        db.create_tables([WorkerPhoto], safe=False)


def down(migrator, db):
    with db.bind_ctx([Worker, WorkerPhoto]):
        db.drop_tables([WorkerPhoto])
