"""Users as gunicorn starts them: the one module that builds from the environment."""

import logging.config
import os
import threading

from services.shared import logs, migrate
from services.shared.auth import verifier_of
from services.shared.config import from_environ
from services.shared.database import open_database
from services.shared.errors import ConfigError
from services.shared.exposition import process_registry
from services.shared.identity import USERS_ISSUER
from services.shared.worker import Worker
from services.users import settings as users_settings
from services.users.adapters.common_passwords import common_passwords
from services.users.adapters.hashing import Argon2Hasher
from services.users.adapters.mail_files import FileMailer
from services.users.adapters.mail_smtp import Server, SmtpMailer
from services.users.adapters.signing import AccountSigner
from services.users.app import POST, create_app

# One for each of the server's threads, the post and a scrape: nobody waits for another's.
POOL_SIZE = 10
POST_SECONDS = 1.0

config = from_environ("users", os.environ)
logging.config.dictConfig(logs.settings(config.log_level, config.service))
if config.signing_key_file is None:
    raise ConfigError("SIGNING_KEY_FILE: users need the private key that they sign tokens with")
registry = process_registry()
config.data_dir.mkdir(parents=True, exist_ok=True)
database = open_database(config.database_url, registry, pool_size=POOL_SIZE)
migrate.prepare(database, config.service)
settings = users_settings.from_environ(os.environ, config.data_dir)
mailer = (
    FileMailer(settings.mail_dir, settings.sender)
    if settings.mail_dir is not None
    else SmtpMailer(Server.parse(settings.smtp_url or ""), settings.sender)
)
app = create_app(
    database=database,
    registry=registry,
    config=config,
    settings=settings,
    hasher=Argon2Hasher(),
    signer=AccountSigner(config.signing_key_file, config.jwks_file),
    mailer=mailer,
    common=common_passwords(),
    verifier=verifier_of(config, (USERS_ISSUER,)),
)

post = Worker({"post": (POST_SECONDS, app.extensions[POST].send_waiting)}, registry)
# It ends with the process: a letter that was not sent waits in the database.
threading.Thread(target=post.run, name="post", daemon=True).start()
