"""The small tables as peewee models, private to `store/`.

They are not bound to one database for the whole process: each query names the database it runs on,
so that two open files can never be mixed up. Hot tables (scrobble, delivery, play) are written with
plain SQL where they are used.
"""

import peewee


class AccountRow(peewee.Model):
    id = peewee.AutoField()
    service = peewee.TextField()
    remote_id = peewee.TextField()
    api_url = peewee.TextField()
    label = peewee.TextField()
    remote_name = peewee.TextField()
    profile_url = peewee.TextField()
    auth_url = peewee.TextField()
    client_id = peewee.TextField()
    switches = peewee.TextField()
    state = peewee.TextField()
    state_detail = peewee.TextField()
    held_until_us = peewee.IntegerField(null=True)
    removed_us = peewee.IntegerField(null=True)
    profile_id = peewee.IntegerField()

    class Meta:
        table_name = "account"


class TallyRow(peewee.Model):
    """Deliveries by state, kept by triggers so that counting never scans."""

    account_id = peewee.IntegerField(primary_key=True)
    pending = peewee.IntegerField()
    sending = peewee.IntegerField()
    unsure = peewee.IntegerField()
    delivered = peewee.IntegerField()
    held = peewee.IntegerField()
    parked = peewee.IntegerField()
    undone = peewee.IntegerField()
    last_delivery_us = peewee.IntegerField(null=True)

    class Meta:
        table_name = "tally"


class MetaRow(peewee.Model):
    key = peewee.TextField(primary_key=True)
    value = peewee.TextField()

    class Meta:
        table_name = "meta"


class RuleRow(peewee.Model):
    position = peewee.IntegerField(primary_key=True)
    name = peewee.TextField()
    body = peewee.TextField()

    class Meta:
        table_name = "rule"
