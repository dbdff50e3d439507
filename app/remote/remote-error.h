/* What can go wrong with a service. The messages are for a person, name the host, and never hold a key. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define RIPOSTE_REMOTE_ERROR (riposte_remote_error_quark ())
GQuark riposte_remote_error_quark (void);

typedef enum
{
  RIPOSTE_REMOTE_ERROR_ADDRESS,      /* is none that a service can have */
  RIPOSTE_REMOTE_ERROR_KEY,          /* cannot be one */
  RIPOSTE_REMOTE_ERROR_CONNECTION,   /* there is none to the host */
  RIPOSTE_REMOTE_ERROR_TLS,          /* the host does not prove who it is */
  RIPOSTE_REMOTE_ERROR_TIMEOUT,      /* nothing came for too long */
  RIPOSTE_REMOTE_ERROR_UNAUTHORIZED, /* 401 */
  RIPOSTE_REMOTE_ERROR_FORBIDDEN,    /* 403 */
  RIPOSTE_REMOTE_ERROR_NOT_FOUND,    /* 404 */
  RIPOSTE_REMOTE_ERROR_LIMITED,      /* 429 */
  RIPOSTE_REMOTE_ERROR_REFUSED,      /* any other 4xx */
  RIPOSTE_REMOTE_ERROR_SERVER,       /* 5xx */
  RIPOSTE_REMOTE_ERROR_REDIRECT,     /* to another origin */
  RIPOSTE_REMOTE_ERROR_PROTOCOL,     /* what came is no answer: bad JSON, another content type, too long a line */
  RIPOSTE_REMOTE_ERROR_SERVICE,      /* it said so itself, amid an answer */
  RIPOSTE_REMOTE_ERROR_CUT,          /* the answer ended before its end */
  RIPOSTE_REMOTE_ERROR_EMPTY,        /* it ended without a word */
} RiposteRemoteError;

/* What a response of an HTTP @status says in words. @has_key: one was sent. @retry_after: seconds to wait, or -1.
 * @detail (nullable): of the service, for a person. */
GError *riposte_remote_error_of_status (const char *host,
                                        guint status,
                                        gboolean has_key,
                                        gint64 retry_after,
                                        const char *detail);

/* The seconds that a Retry-After header asks for, as a number or a date, -1 where it says nothing that is understood;
 * @date (nullable) is the Date header, by whose clock the other was written. */
gint64 riposte_remote_parse_retry_after (const char *value, const char *date);

/* @text of a service as a person may see it: one line, no controls, not too long, and without @secret (nullable), which
 * some services repeat. NULL where nothing is left. */
char *riposte_remote_tidy (const char *text, const char *secret);

G_END_DECLS
