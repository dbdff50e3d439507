#include "chat/thought-fold.h"

#include "chat/select-dialog.h"

#include <glib/gi18n.h>
#include <string.h>

struct _RiposteThoughtFold
{
  AdwBin parent;

  RiposteMessage *message;
  GtkExpander *expander;
  RiposteMarkdownView *text; /* made when it is first seen */
  gsize n_shown;             /* bytes of the thought that are in it */
  guint serial;
  gboolean finished;
  gboolean was_thinking;
};

G_DEFINE_FINAL_TYPE (RiposteThoughtFold, riposte_thought_fold, ADW_TYPE_BIN)

static char *
describe (RiposteMessage *message)
{
  guint seconds = (guint)(riposte_message_get_thinking_seconds (message) + 0.5);

  if (riposte_message_is_thinking (message))
    return g_strdup (_ ("Thinking…"));
  if (seconds == 0)
    return g_strdup (_ ("Thought"));
  if (seconds < 60)
    /* Translators: how long the model thought; "s" is for seconds */
    return g_strdup_printf (_ ("Thought for %u s"), seconds);
  /* Translators: how long the model thought; minutes and seconds */
  return g_strdup_printf (_ ("Thought for %u min %u s"), seconds / 60, seconds % 60);
}

static void
show_text (RiposteThoughtFold *self)
{
  const char *thought = riposte_message_get_thought (self->message);

  if (!self->text || self->serial != riposte_message_get_serial (self->message))
    {
      self->text = RIPOSTE_MARKDOWN_VIEW (riposte_markdown_view_new ());
      self->n_shown = 0;
      self->finished = FALSE;
      self->serial = riposte_message_get_serial (self->message);
      gtk_widget_add_css_class (GTK_WIDGET (self->text), "thought");
      gtk_expander_set_child (self->expander, GTK_WIDGET (self->text));
    }
  if (thought[self->n_shown])
    riposte_markdown_view_append (self->text, thought + self->n_shown);
  self->n_shown = strlen (thought);
  if (!riposte_message_is_thinking (self->message) && !self->finished)
    {
      self->finished = TRUE;
      riposte_markdown_view_finish (self->text);
    }
}

static void
on_expanded (RiposteThoughtFold *self)
{
  if (gtk_expander_get_expanded (self->expander))
    show_text (self);
}

void
riposte_thought_fold_update (RiposteThoughtFold *self)
{
  gboolean thinking = riposte_message_is_thinking (self->message);
  g_autofree char *label = NULL;

  gtk_widget_set_visible (GTK_WIDGET (self), *riposte_message_get_thought (self->message) || thinking);
  if (!gtk_widget_get_visible (GTK_WIDGET (self)))
    return;
  label = describe (self->message);
  gtk_expander_set_label (self->expander, label);
  if (thinking != self->was_thinking)
    gtk_expander_set_expanded (self->expander, thinking);
  self->was_thinking = thinking;
  if (gtk_expander_get_expanded (self->expander))
    show_text (self);
}

RiposteMarkdownView *
riposte_thought_fold_get_text (RiposteThoughtFold *self)
{
  return self->text;
}

void
riposte_thought_fold_unfold (RiposteThoughtFold *self)
{
  gtk_expander_set_expanded (self->expander, TRUE);
}

static void
riposte_thought_fold_init (RiposteThoughtFold *self)
{
  self->expander = GTK_EXPANDER (gtk_expander_new (NULL));
  adw_bin_set_child (ADW_BIN (self), GTK_WIDGET (self->expander));
  gtk_widget_add_css_class (GTK_WIDGET (self), "thought-fold");
  g_signal_connect_object (self->expander, "notify::expanded", G_CALLBACK (on_expanded), self, G_CONNECT_SWAPPED);
}

static void
riposte_thought_fold_dispose (GObject *object)
{
  RiposteThoughtFold *self = RIPOSTE_THOUGHT_FOLD (object);

  g_clear_object (&self->message);
  G_OBJECT_CLASS (riposte_thought_fold_parent_class)->dispose (object);
}

/* Of what was thought, and not of what was said then. */
static void
on_select_text (GtkWidget *widget, const char *name, GVariant *parameter)
{
  riposte_select_dialog_present (widget, riposte_message_get_thought (RIPOSTE_THOUGHT_FOLD (widget)->message));
}

static void
riposte_thought_fold_class_init (RiposteThoughtFoldClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = riposte_thought_fold_dispose;
  gtk_widget_class_install_action (GTK_WIDGET_CLASS (klass), "message.select-text", NULL, on_select_text);
}

GtkWidget *
riposte_thought_fold_new (RiposteMessage *message)
{
  RiposteThoughtFold *self = g_object_new (RIPOSTE_TYPE_THOUGHT_FOLD, NULL);

  self->message = g_object_ref (message);
  riposte_thought_fold_update (self);
  return GTK_WIDGET (self);
}
