/* What can be asked about the code in the editor, and code that is made there. */
#include "window-private.h"

#include "plain-text.h"

#include <glib/gi18n.h>

/* Of the menus, in window.ui, and what is asked then. */
static const struct
{
  const char *kind, *question;
} questions[] = {
  { "explain", N_ ("Explain this code.") },
  { "fix",
    N_ ("Fix the mistakes in this code. Show the corrected code first, then say in a few words what was wrong.") },
  { "improve", N_ ("Improve this code: make it simpler and clearer without changing what it does.") },
  { "document", N_ ("Add comments that document this code.") },
  { "test", N_ ("Write tests for this code.") },
};

static const char *
find_question (const char *kind)
{
  for (gsize i = 0; i < G_N_ELEMENTS (questions); i++)
    if (g_str_equal (questions[i].kind, kind))
      return _ (questions[i].question);
  return NULL;
}

/* "" leaves it to the user what to ask. */
static void
on_ask_about_code (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RiposteWindow *self = user_data;
  const char *question = find_question (g_variant_get_string (parameter, NULL));

  riposte_window_show_chat (self);
  riposte_chat_pane_ask_about_code (self->chat, question);
}

/* ---- code at the caret ---- */

static void
on_text (RiposteGeneration *generation, const char *text, RiposteGhostText *ghost)
{
  if (!riposte_ghost_text_append (ghost, text))
    riposte_generation_cancel (generation);
}

/* It does not wait any more. */
static void
on_fill_changed (RiposteGeneration *generation, RiposteGhostText *ghost)
{
  if (riposte_generation_get_info (generation)->phase == RIPOSTE_PHASE_READING)
    riposte_ghost_text_set_hint (ghost, NULL);
}

static void
on_ghost_finished (RiposteWindow *self, RiposteGhostText *ghost)
{
  g_autofree char *plain = riposte_plain_text (riposte_ghost_text_get_text (ghost), -1);
  /* Translators: read out by a screen reader; code that a model would write at the caret */
  g_autofree char *text = g_strdup_printf (_ ("Suggestion: %s"), plain);

  riposte_announcer_say (self->announcer, text);
}

/* What was cancelled is no failure: who is asked in vain should know why. */
static void
on_fill_ended (RiposteWindow *self, RiposteGeneration *generation)
{
  const GError *error = riposte_generation_get_error (generation);

  if (error)
    riposte_window_show_toast (self, error->message);
}

/* The model on this machine: not one key that is pressed in the editor goes to a service. */
void
riposte_window_complete (RiposteWindow *self, RiposteGhostText *ghost)
{
  RiposteGenerator *generator = RIPOSTE_GENERATOR (self->generator);
  RiposteGeneratorState state = riposte_generator_get_state (generator);
  g_autoptr (RiposteGeneration) generation = riposte_generation_new ();
  g_autofree char *prefix = riposte_ghost_text_dup_prefix (ghost);
  g_autofree char *suffix = riposte_ghost_text_dup_suffix (ghost);
  g_autofree char *name = riposte_editor_dup_title (self->editor);

  if (state != RIPOSTE_GENERATOR_READY && state != RIPOSTE_GENERATOR_LOADING)
    {
      riposte_window_show_toast (self, _ ("There is no model to answer with."));
      riposte_ghost_text_end (ghost);
      return;
    }
  riposte_generation_set_gap (generation, prefix, suffix, name);
  g_signal_connect_object (ghost, "ended", G_CALLBACK (riposte_generation_cancel), generation, G_CONNECT_SWAPPED);
  g_signal_connect_object (ghost, "finished", G_CALLBACK (on_ghost_finished), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (generation, "changed", G_CALLBACK (on_fill_changed), ghost, 0);
  g_signal_connect_object (generation, "text", G_CALLBACK (on_text), ghost, 0);
  g_signal_connect_object (generation, "ended", G_CALLBACK (riposte_ghost_text_finish), ghost, G_CONNECT_SWAPPED);
  g_signal_connect_object (generation, "ended", G_CALLBACK (on_fill_ended), self, G_CONNECT_SWAPPED);
  if (!riposte_local_generator_is_idle (self->generator))
    {
      riposte_ghost_text_set_hint (ghost, _ ("Waiting for the model…"));
      riposte_announcer_say (self->announcer, _ ("Waiting for the model…"));
    }
  riposte_generator_generate (generator, generation);
}

static const GActionEntry entries[] = {
  { .name = "ask-about-code", .activate = on_ask_about_code, .parameter_type = "s" },
};

void
riposte_window_add_editor_actions (RiposteWindow *self)
{
  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
}
