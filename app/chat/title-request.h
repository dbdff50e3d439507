/* How a model is asked for the title of a conversation: in the language of that, as a small model answers in the
 * language that it is spoken to, whatever it is told. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  const char *language, *request;
  const char *label; /* what a title would stand behind: begins the answer, so that no small talk does */
} RiposteTitleRequest;

/* For a conversation that began with @question. */
const RiposteTitleRequest *riposte_title_request_for (const char *question);
/* Of all languages. */
const RiposteTitleRequest *riposte_title_requests (gsize *n);

G_END_DECLS
