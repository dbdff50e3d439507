/* What the objects of a chat completion say: pieces of an answer as they are streamed, a whole one, or an error.
 * Untrusted. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  RIPOSTE_REMOTE_ANSWER,
  RIPOSTE_REMOTE_REASONING, /* that goes before it */
} RiposteRemoteTextKind;

/* @text is valid UTF-8, and not empty. */
typedef void (*RiposteRemoteTextFunc) (RiposteRemoteTextKind kind, const char *text, gpointer user_data);

typedef struct
{
  RiposteRemoteTextFunc on_text;
  gpointer user_data;

  guint64 n_texts; /* that on_text got */
  gboolean has_answer, has_reasoning;
  gboolean finished;  /* the service said that this was all */
  gboolean cut_short; /* by the most tokens there may be */
  gboolean withheld;  /* a filter of the service did not let the rest through */
  gboolean has_usage;
  guint n_prompt, n_written; /* tokens, where has_usage */

  gunichar half; /* of a pair of surrogates, that a text ended with; else 0 */
  RiposteRemoteTextKind half_kind;
} RiposteRemoteReply;

/* An object of a stream, or the only one. @secret (nullable) is kept out of errors. FALSE with
 * RIPOSTE_REMOTE_ERROR_SERVICE, where it is an error of the service's, or RIPOSTE_REMOTE_ERROR_PROTOCOL. */
gboolean riposte_remote_reply_take (RiposteRemoteReply *reply,
                                    const char *json,
                                    gsize length,
                                    const char *secret,
                                    GError **error);

/* Whether the answer that is over was one. RIPOSTE_REMOTE_ERROR_SERVICE where a filter cut it, or …_EMPTY */
gboolean riposte_remote_reply_check (const RiposteRemoteReply *reply, GError **error);

/* What a body that came with an error status says of it, for a person, or NULL; *@param is set to the name of the
 * parameter that was refused, or NULL. */
char *riposte_remote_describe_body (const char *body, gsize length, const char *secret, char **param);

G_END_DECLS
