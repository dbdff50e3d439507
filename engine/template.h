/* Interpreter of chat templates: the Jinja that models ship, with limits, as transformers renders it (jinja2's
 * immutable sandbox, trim_blocks and lstrip_blocks on).
 *
 * A parsed template is immutable; any number of threads may render it.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _RpTemplate RpTemplate;

/* RP_ERROR_TEMPLATE says what and on which line. */
RpTemplate *rp_template_new (const char *source, gssize length, GError **error);
void rp_template_free (RpTemplate *self);

/**
 * rp_template_render_json:
 * @variables: a JSON object of the template's variables: messages, tools, documents, add_generation_prompt, bos_token,
 *   eos_token, and any other; `now` (ISO 8601) is the clock of strftime_now, the present where it is missing
 * @out_length: (out) (nullable): its bytes; U+0000 may be among them
 *
 * Returns: the text; NULL with RP_ERROR_TEMPLATE: raise_exception(), an undefined read, or a limit (recursion 100,
 *   1 MiB of output, 100 ms of CPU time)
 */
char *rp_template_render_json (const RpTemplate *self,
                               const char *variables,
                               gssize length,
                               gsize *out_length,
                               GError **error);

/* What a render of a prompt does besides. */
typedef struct
{
  /* Does a special token begin here? Those in the variables are text, of which @seams tells where. */
  gboolean (*is_special) (const char *text, gsize length, gconstpointer data);
  gconstpointer data;
  GArray *seams;       /* (element-type gsize): offsets in the text, in order, that no special token may span,
                          nor begin with the character before */
  gboolean leave_open; /* the text ends where the last message's does, for the model to go on there */
} RpTemplatePrompt;

/* As rp_template_render_json(), which it gives the same text as but where the last message is left open. */
char *rp_template_render_prompt (const RpTemplate *self,
                                 const char *variables,
                                 gssize length,
                                 const RpTemplatePrompt *prompt,
                                 gsize *out_length,
                                 GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RpTemplate, rp_template_free)

G_END_DECLS
