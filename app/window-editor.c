/* What can be asked about the code in the editor. */
#include "window-private.h"

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

static const GActionEntry entries[] = {
  { .name = "ask-about-code", .activate = on_ask_about_code, .parameter_type = "s" },
};

void
riposte_window_add_editor_actions (RiposteWindow *self)
{
  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
}
