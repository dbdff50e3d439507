/* Prompts in tokens. Pure, and good in any thread while the model lives. */
#pragma once

#include "generate/generator.h"

G_BEGIN_DECLS

/**
 * riposte_prompt_tokens:
 * @n_left_out: so many of the oldest turns are skipped, a system turn not counted
 * @plain: (out) (optional): the model's template cannot be used, and this is plain text
 * @opened: (out) (optional) (nullable) (transfer full): how the template began the answer
 *
 * Returns: (element-type RpToken): the conversation as the model's template renders it
 */
GArray *riposte_prompt_tokens (RpModel *model,
                               RiposteGeneration *prompt,
                               guint n_left_out,
                               gboolean *plain,
                               char **opened,
                               GError **error);

gboolean riposte_measure_prompt (RpModel *model,
                                 guint n_context,
                                 RiposteGeneration *prompt,
                                 RiposteMeasure *measure,
                                 GError **error);

G_END_DECLS
