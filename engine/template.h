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
 *
 * Returns: the text; NULL with RP_ERROR_TEMPLATE: raise_exception(), an undefined read, or a limit (recursion 100,
 *   1 MiB of output, 100 ms of CPU time)
 */
char *rp_template_render_json (const RpTemplate *self, const char *variables, gssize length, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RpTemplate, rp_template_free)

G_END_DECLS
