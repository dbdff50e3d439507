#include "chat/status-line.h"

#include <glib/gi18n.h>

struct _RiposteStatusLine
{
  GtkBox parent;

  RiposteGenerator *generator;
  RiposteConversation *conversation;
  RiposteMessage *message; /* the last of it */

  GtkWidget *privacy, *remote;
  GtkLabel *place, *activity;
  GtkProgressBar *progress;

  RiposteContext *context;
  GtkMenuButton *context_button;
  GtkLabel *context_label, *context_short, *context_details, *context_left_out;
  GtkLevelBar *context_level;
  GtkWidget *make_room, *take_back_in;
};

G_DEFINE_FINAL_TYPE (RiposteStatusLine, riposte_status_line, GTK_TYPE_BOX)

/* "813", "1.2k", "32k" */
static char *
format_tokens (guint n)
{
  if (n < 1000)
    return g_strdup_printf ("%u", n);
  if (n % 1024 == 0 || n >= 100 * 1000)
    return g_strdup_printf (_ ("%uk"), n % 1024 == 0 ? n / 1024 : n / 1000);
  return g_strdup_printf (_ ("%.1fk"), n / 1000.0);
}

/* Who makes the answer that is on its way, or would make the next one. */
static RiposteGenerator *
get_answering (RiposteStatusLine *self)
{
  return self->conversation ? riposte_conversation_choose (self->conversation, self->generator)
                            : riposte_generator_choose (self->generator);
}

static void
update_place (RiposteStatusLine *self)
{
  RiposteGenerator *answering = get_answering (self);
  const char *place = riposte_generator_get_place (answering);

  switch (riposte_generator_get_state (answering))
    {
    case RIPOSTE_GENERATOR_READY:
      gtk_label_set_label (self->place, place ? place : "");
      break;
    case RIPOSTE_GENERATOR_LOADING:
      gtk_label_set_label (self->place, _ ("Loading the model"));
      break;
    case RIPOSTE_GENERATOR_FAILED:
      gtk_label_set_label (self->place, _ ("The model could not be loaded"));
      break;
    case RIPOSTE_GENERATOR_EMPTY:
    default:
      gtk_label_set_label (self->place, _ ("No model"));
      break;
    }
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->place), gtk_label_get_label (self->place));
}

static void
show_progress (RiposteStatusLine *self, double fraction, const char *what)
{
  g_autofree char *text = g_strdup_printf ("%s %d%%", what, (int)(fraction * 100));

  gtk_label_set_label (self->activity, text);
  gtk_progress_bar_set_fraction (self->progress, fraction);
  gtk_widget_set_visible (GTK_WIDGET (self->progress), TRUE);
}

static void
update_activity (RiposteStatusLine *self)
{
  const RiposteGenerationInfo *info = self->message ? riposte_message_get_info (self->message) : NULL;
  g_autofree char *speed = NULL;

  if (riposte_generator_get_state (get_answering (self)) == RIPOSTE_GENERATOR_LOADING)
    {
      show_progress (self, riposte_generator_get_progress (self->generator), _ ("Loading"));
      return;
    }
  if (self->message && riposte_message_get_state (self->message) == RIPOSTE_MESSAGE_READING && info->n_to_read)
    {
      show_progress (self, (double)info->n_read / info->n_to_read, _ ("Reading"));
      return;
    }
  gtk_widget_set_visible (GTK_WIDGET (self->progress), FALSE);
  if (info && info->tokens_per_second > 0)
    speed = g_strdup_printf (_ ("%.1f tok/s"), info->tokens_per_second);
  gtk_label_set_label (self->activity, speed ? speed : "");
}

static void
set_class (GtkWidget *widget, const char *name, gboolean has)
{
  if (has)
    gtk_widget_add_css_class (widget, name);
  else
    gtk_widget_remove_css_class (widget, name);
}

static void
update_context_popover (RiposteStatusLine *self, guint used, guint total)
{
  gboolean over = riposte_context_is_over (self->context);
  guint n_left_out = self->conversation ? riposte_conversation_count_left_out (self->conversation) : 0;
  g_autofree char *details
    = over
        ? g_strdup_printf (_ ("The chat and your question have %'u tokens. With an answer, that is more than the %'u "
                              "that the model has room for."),
                           used, total)
        : g_strdup_printf (_ ("The chat and your question have %'u tokens; the model has room for %'u."), used, total);
  g_autofree char *left_out = g_strdup_printf (
    g_dngettext (NULL, "The model does not read %u message", "The model does not read %u messages", n_left_out),
    n_left_out);

  gtk_label_set_label (self->context_details, details);
  gtk_label_set_label (self->context_left_out, left_out);
  gtk_widget_set_visible (GTK_WIDGET (self->context_left_out), n_left_out > 0);
  gtk_widget_set_visible (self->take_back_in, n_left_out > 0);
  gtk_widget_set_visible (self->make_room, over);
  gtk_level_bar_set_value (self->context_level, total ? MIN (1.0, (double)used / total) : 0);
}

static void
update_context (RiposteStatusLine *self)
{
  guint used = self->context ? riposte_context_get_n_used (self->context) : 0;
  /* what a service has room for nobody knows */
  gboolean known = self->context && self->generator && riposte_generator_is_local (get_answering (self));
  guint total = known ? riposte_context_get_n_context (self->context) : 0;
  g_autofree char *used_text = format_tokens (used);
  g_autofree char *total_text = format_tokens (total);
  g_autofree char *text = NULL, *brief = NULL;

  gtk_widget_set_visible (GTK_WIDGET (self->context_button), total > 0);
  if (!total)
    return;
  /* Translators: how much of the context is in use, in tokens: "context 1.2k of 32k" */
  text = g_strdup_printf (_ ("context %s of %s"), used_text, total_text);
  /* Translators: the same in a narrow window: "1.2k of 32k" */
  brief = g_strdup_printf (_ ("%s of %s"), used_text, total_text);
  gtk_label_set_label (self->context_label, text);
  gtk_label_set_label (self->context_short, brief);
  set_class (GTK_WIDGET (self->context_button), "error", riposte_context_is_over (self->context));
  set_class (GTK_WIDGET (self->context_button), "warning",
             !riposte_context_is_over (self->context) && used > total / 5 * 4);
  update_context_popover (self, used, total);
}

static void
update (RiposteStatusLine *self)
{
  gboolean local = riposte_generator_is_local (get_answering (self));

  gtk_widget_set_visible (self->privacy, local);
  gtk_widget_set_visible (self->remote, !local);
  update_place (self);
  update_activity (self);
  update_context (self);
}

static void
update_figures (RiposteStatusLine *self)
{
  update_activity (self);
  update_context (self);
}

void
riposte_status_line_set_context (RiposteStatusLine *self, RiposteContext *context)
{
  g_return_if_fail (!self->context);
  self->context = g_object_ref (context);
  g_signal_connect_object (context, "changed", G_CALLBACK (update_context), self, G_CONNECT_SWAPPED);
  update_context (self);
}

static void
set_message (RiposteStatusLine *self, RiposteMessage *message)
{
  if (self->message == message)
    return;
  if (self->message)
    g_signal_handlers_disconnect_by_data (self->message, self);
  g_set_object (&self->message, message);
  if (message)
    g_signal_connect_object (message, "changed", G_CALLBACK (update_figures), self, G_CONNECT_SWAPPED);
  update_figures (self);
}

static void
on_items_changed (RiposteStatusLine *self)
{
  set_message (self, riposte_conversation_get_last (self->conversation));
}

void
riposte_status_line_set_conversation (RiposteStatusLine *self, RiposteConversation *conversation)
{
  if (self->conversation == conversation)
    return;
  if (self->conversation)
    g_signal_handlers_disconnect_by_data (self->conversation, self);
  g_set_object (&self->conversation, conversation);
  if (!conversation)
    return;
  g_signal_connect_object (conversation, "items-changed", G_CALLBACK (on_items_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (conversation, "notify::busy", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (conversation, "notify::elsewhere", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  on_items_changed (self);
  if (self->generator)
    update (self);
}

void
riposte_status_line_set_generator (RiposteStatusLine *self, RiposteGenerator *generator)
{
  g_return_if_fail (!self->generator);
  self->generator = g_object_ref (generator);
  g_signal_connect_object (generator, "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
}

static void
riposte_status_line_init (RiposteStatusLine *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

static void
riposte_status_line_dispose (GObject *object)
{
  RiposteStatusLine *self = RIPOSTE_STATUS_LINE (object);

  if (self->message)
    g_signal_handlers_disconnect_by_data (self->message, self);
  g_clear_object (&self->message);
  riposte_status_line_set_conversation (self, NULL);
  g_clear_object (&self->context);
  g_clear_object (&self->generator);
  gtk_widget_dispose_template (GTK_WIDGET (self), RIPOSTE_TYPE_STATUS_LINE);
  G_OBJECT_CLASS (riposte_status_line_parent_class)->dispose (object);
}

static void
riposte_status_line_class_init (RiposteStatusLineClass *klass)
{
  GtkWidgetClass *widget = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = riposte_status_line_dispose;
  gtk_widget_class_set_accessible_role (widget, GTK_ACCESSIBLE_ROLE_STATUS);
  gtk_widget_class_set_template_from_resource (widget, "/dev/riposte/Riposte/chat/status-line.ui");
  gtk_widget_class_bind_template_child (widget, RiposteStatusLine, privacy);
  gtk_widget_class_bind_template_child (widget, RiposteStatusLine, remote);
  gtk_widget_class_bind_template_child (widget, RiposteStatusLine, place);
  gtk_widget_class_bind_template_child (widget, RiposteStatusLine, activity);
  gtk_widget_class_bind_template_child (widget, RiposteStatusLine, context_button);
  gtk_widget_class_bind_template_child (widget, RiposteStatusLine, context_label);
  gtk_widget_class_bind_template_child (widget, RiposteStatusLine, context_short);
  gtk_widget_class_bind_template_child (widget, RiposteStatusLine, context_details);
  gtk_widget_class_bind_template_child (widget, RiposteStatusLine, context_left_out);
  gtk_widget_class_bind_template_child (widget, RiposteStatusLine, context_level);
  gtk_widget_class_bind_template_child (widget, RiposteStatusLine, make_room);
  gtk_widget_class_bind_template_child (widget, RiposteStatusLine, take_back_in);
  gtk_widget_class_bind_template_child (widget, RiposteStatusLine, progress);
}
