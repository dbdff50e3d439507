/* What the body of an answer is. Services and what stands before them name its type as they like. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  RIPOSTE_REMOTE_BODY_UNKNOWN, /* so far */
  RIPOSTE_REMOTE_BODY_STREAM,  /* of events */
  RIPOSTE_REMOTE_BODY_WHOLE,   /* one JSON object */
  RIPOSTE_REMOTE_BODY_OTHER,   /* no answer of a chat */
} RiposteRemoteBody;

/* By its @type (nullable) and how it begins; *@start is set to where it does, after a mark of the byte order and white
 * space. */
RiposteRemoteBody riposte_remote_body_of (const char *type, const guint8 *bytes, gsize length, gsize *start);

G_END_DECLS
