#include "chat/room-dialog.h"

#include "plain-text.h"

#include <glib/gi18n.h>

#define EXCERPT_CHARS 80

struct _RiposteRoomDialog
{
  AdwWindow parent;

  RiposteGenerator *generator;
  RiposteConversation *conversation;
  RiposteGeneration *summary; /* while it is written */

  GtkStack *pages;
  GtkLabel *figures, *summary_state;
  GtkWidget *leave_out, *last_turns, *sum_up, *raise;
  GtkLabel *raise_title;
  GtkWidget *left_out_group;
  AdwExpanderRow *left_out;
  GtkTextView *summary_view;
  GtkWidget *begin;
};

G_DEFINE_FINAL_TYPE (RiposteRoomDialog, riposte_room_dialog, ADW_TYPE_WINDOW)

static guint chosen_signal;

/* ---- what would be left out ---- */

static void
add_left_out (RiposteRoomDialog *self, RiposteMessage *message)
{
  gboolean user = riposte_message_get_role (message) == RIPOSTE_ROLE_USER;
  const char *who = user ? _ ("Your question") : _ ("Answer");
  g_autofree char *excerpt = riposte_title_of_text (riposte_message_get_text (message), EXCERPT_CHARS);
  GtkWidget *row = adw_action_row_new ();

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  /* what was stopped before its first word has none */
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), *excerpt ? excerpt : who);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), *excerpt ? who : NULL);
  adw_action_row_set_title_lines (ADW_ACTION_ROW (row), 1);
  adw_expander_row_add_row (self->left_out, row);
}

static void
show_left_out (RiposteRoomDialog *self, guint n_left_out)
{
  g_autofree guint *indices = NULL;
  guint n = riposte_conversation_find_turns (self->conversation, n_left_out, &indices);
  g_autofree char *title
    = g_strdup_printf (g_dngettext (NULL, "%u message does not fit", "%u messages do not fit", n), n);

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->left_out), title);
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (RiposteMessage) message = g_list_model_get_item (G_LIST_MODEL (self->conversation), indices[i]);
      add_left_out (self, message);
    }
}

static void
show_figures (RiposteRoomDialog *self, const RiposteMeasure *measure, gboolean goes_on)
{
  g_autofree char *text = NULL;

  if (measure->n_left_out == G_MAXUINT && goes_on)
    text = g_strdup_printf (_ ("The question and its answer alone fill the context: to go on the model would have to "
                               "read %'u tokens, and its context has room for %'u."),
                            measure->n_tokens, measure->n_context);
  else if (measure->n_left_out == G_MAXUINT && riposte_conversation_has_instructions (self->conversation))
    text
      = g_strdup_printf (_ ("The question and the system prompt alone are too long: the model would have to read %'u "
                            "tokens, and its context has room for %'u, the answer included."),
                         measure->n_tokens, measure->n_context);
  else if (measure->n_left_out == G_MAXUINT)
    text
      = g_strdup_printf (_ ("The question alone is too long: with it the model would have to read %'u tokens, and its "
                            "context has room for %'u, the answer included."),
                         measure->n_tokens, measure->n_context);
  else
    text
      = g_strdup_printf (_ ("This chat has %'u tokens, and the model's context has room for %'u, the answer included. "
                            "Nothing is left out unless you choose so."),
                         measure->n_tokens, measure->n_context);
  gtk_label_set_label (self->figures, text);
}

/* ---- the summary ---- */

static void
end_summary (RiposteRoomDialog *self)
{
  if (!self->summary)
    return;
  g_signal_handlers_disconnect_by_data (self->summary, self);
  riposte_generation_cancel (self->summary);
  g_clear_object (&self->summary);
}

static void
on_summary_text (RiposteRoomDialog *self, const char *text)
{
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (self->summary_view);
  g_autofree char *plain = riposte_plain_text (text, -1);
  GtkTextIter end;

  gtk_text_buffer_get_end_iter (buffer, &end);
  gtk_text_buffer_insert (buffer, &end, plain, -1);
}

static void
on_summary_ended (RiposteRoomDialog *self, RiposteGeneration *generation)
{
  const GError *error = riposte_generation_get_error (generation);

  gtk_label_set_label (self->summary_state,
                       error ? error->message : _ ("The new chat begins with this. You may change it."));
  gtk_text_view_set_editable (self->summary_view, TRUE);
  gtk_widget_set_sensitive (self->begin, !error);
  g_signal_handlers_disconnect_by_data (generation, self);
  g_clear_object (&self->summary);
}

/* A conversation that is too long is too long to sum up as well: its end is what counts. */
static void
on_summary_measured (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RiposteRoomDialog) self = user_data;
  RiposteMeasure measure;

  if (!self->summary)
    return;
  if (riposte_generator_measure_finish (self->generator, result, &measure, NULL) && measure.n_left_out != G_MAXUINT)
    riposte_generation_drop_turns (self->summary, measure.n_left_out);
  riposte_generator_generate (self->generator, self->summary);
}

static void
on_sum_up (RiposteRoomDialog *self)
{
  gtk_stack_set_visible_child_name (self->pages, "summary");
  gtk_widget_set_sensitive (self->begin, FALSE);
  /* asked in the language of the window; models answer in that of the question */
  self->summary = riposte_conversation_make_prompt (
    self->conversation,
    _ ("Sum up this conversation so that it can be continued from your summary alone. Keep all facts, "
       "decisions, names and code that matter. Write nothing but the summary."));
  g_signal_connect_object (self->summary, "text", G_CALLBACK (on_summary_text), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->summary, "ended", G_CALLBACK (on_summary_ended), self, G_CONNECT_SWAPPED);
  riposte_generator_measure_async (self->generator, self->summary, NULL, on_summary_measured, g_object_ref (self));
}

/* ---- choosing ---- */

static void
choose (RiposteRoomDialog *self, RiposteRoomChoice choice, const char *summary)
{
  g_signal_emit (self, chosen_signal, 0, choice, summary);
  gtk_window_close (GTK_WINDOW (self));
}

static void
on_leave_out (RiposteRoomDialog *self)
{
  choose (self, RIPOSTE_ROOM_LEAVE_OUT, NULL);
}

static void
on_last_turns (RiposteRoomDialog *self)
{
  choose (self, RIPOSTE_ROOM_LAST_TURNS, NULL);
}

static void
on_raise (RiposteRoomDialog *self)
{
  choose (self, RIPOSTE_ROOM_RAISE, NULL);
}

static void
on_begin (RiposteRoomDialog *self)
{
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (self->summary_view);
  g_autofree char *summary = NULL;
  GtkTextIter start, end;

  gtk_text_buffer_get_bounds (buffer, &start, &end);
  summary = gtk_text_buffer_get_text (buffer, &start, &end, FALSE);
  choose (self, RIPOSTE_ROOM_SUMMARY, g_strstrip (summary));
}

static void
show_raise (RiposteRoomDialog *self, guint raise_to)
{
  g_autofree char *title = g_strdup_printf (_ ("Raise the Context to %'u Tokens"), raise_to);

  gtk_label_set_label (self->raise_title, title);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->raise), GTK_ACCESSIBLE_PROPERTY_LABEL, title, -1);
  gtk_widget_set_visible (self->raise, raise_to > 0);
}

static void
show_choices (RiposteRoomDialog *self, const RiposteMeasure *measure, gboolean goes_on, guint raise_to)
{
  gboolean can_leave_out = measure->n_left_out > 0 && measure->n_left_out != G_MAXUINT;

  show_figures (self, measure, goes_on);
  show_raise (self, raise_to);
  gtk_widget_set_visible (self->leave_out, can_leave_out);
  gtk_widget_set_visible (self->last_turns, can_leave_out);
  gtk_widget_set_visible (self->sum_up, can_leave_out);
  gtk_widget_set_visible (self->left_out_group, can_leave_out);
  if (can_leave_out)
    show_left_out (self, measure->n_left_out);
}

/* ---- object ---- */

static void
riposte_room_dialog_init (RiposteRoomDialog *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

static void
riposte_room_dialog_dispose (GObject *object)
{
  RiposteRoomDialog *self = RIPOSTE_ROOM_DIALOG (object);

  end_summary (self);
  g_clear_object (&self->generator);
  g_clear_object (&self->conversation);
  gtk_widget_dispose_template (GTK_WIDGET (self), RIPOSTE_TYPE_ROOM_DIALOG);
  G_OBJECT_CLASS (riposte_room_dialog_parent_class)->dispose (object);
}

static void
riposte_room_dialog_class_init (RiposteRoomDialogClass *klass)
{
  GtkWidgetClass *widget = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = riposte_room_dialog_dispose;
  chosen_signal = g_signal_new ("chosen", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                G_TYPE_NONE, 2, G_TYPE_INT, G_TYPE_STRING);
  gtk_widget_class_set_template_from_resource (widget, "/dev/riposte/Riposte/chat/room-dialog.ui");
  gtk_widget_class_bind_template_child (widget, RiposteRoomDialog, pages);
  gtk_widget_class_bind_template_child (widget, RiposteRoomDialog, figures);
  gtk_widget_class_bind_template_child (widget, RiposteRoomDialog, summary_state);
  gtk_widget_class_bind_template_child (widget, RiposteRoomDialog, leave_out);
  gtk_widget_class_bind_template_child (widget, RiposteRoomDialog, last_turns);
  gtk_widget_class_bind_template_child (widget, RiposteRoomDialog, sum_up);
  gtk_widget_class_bind_template_child (widget, RiposteRoomDialog, raise);
  gtk_widget_class_bind_template_child (widget, RiposteRoomDialog, left_out_group);
  gtk_widget_class_bind_template_child (widget, RiposteRoomDialog, left_out);
  gtk_widget_class_bind_template_child (widget, RiposteRoomDialog, summary_view);
  gtk_widget_class_bind_template_child (widget, RiposteRoomDialog, raise_title);
  gtk_widget_class_bind_template_child (widget, RiposteRoomDialog, begin);
  gtk_widget_class_bind_template_callback (widget, on_leave_out);
  gtk_widget_class_bind_template_callback (widget, on_last_turns);
  gtk_widget_class_bind_template_callback (widget, on_sum_up);
  gtk_widget_class_bind_template_callback (widget, on_raise);
  gtk_widget_class_bind_template_callback (widget, on_begin);
  gtk_widget_class_add_binding_action (widget, GDK_KEY_Escape, 0, "window.close", NULL);
}

RiposteRoomDialog *
riposte_room_dialog_new (GtkWindow *parent,
                         RiposteGenerator *generator,
                         RiposteConversation *conversation,
                         const RiposteMeasure *measure,
                         gboolean goes_on,
                         guint raise_to)
{
  RiposteRoomDialog *self = g_object_new (RIPOSTE_TYPE_ROOM_DIALOG, "transient-for", parent, NULL);

  self->generator = g_object_ref (generator);
  self->conversation = g_object_ref (conversation);
  show_choices (self, measure, goes_on, raise_to);
  return self;
}
