#include "chat/composer-private.h"

G_DEFINE_FINAL_TYPE (RiposteComposer, riposte_composer, GTK_TYPE_BOX)

static guint send_signal, changed_signal;

char *
riposte_composer_dup_text (RiposteComposer *self)
{
  GtkTextIter start, end;

  gtk_text_buffer_get_bounds (self->buffer, &start, &end);
  return gtk_text_buffer_get_text (self->buffer, &start, &end, FALSE);
}

void
riposte_composer_set_text (RiposteComposer *self, const char *text)
{
  gtk_text_buffer_set_text (self->buffer, text ? text : "", -1);
  riposte_mention_close (self->mention);
}

char *
riposte_composer_dup_question (RiposteComposer *self)
{
  g_autofree char *text = riposte_composer_dup_text (self);

  g_strchomp (text);
  return riposte_attachments_join (text, riposte_attachment_bar_get_model (self->attachments));
}

GListModel *
riposte_composer_get_attachments (RiposteComposer *self)
{
  return riposte_attachment_bar_get_model (self->attachments);
}

void
riposte_composer_set_attachments (RiposteComposer *self, GListModel *attachments)
{
  riposte_attachment_bar_set_model (self->attachments, G_LIST_STORE (attachments));
  riposte_composer_show_problem (self, NULL);
}

void
riposte_composer_set_generator (RiposteComposer *self, RiposteGenerator *generator)
{
  g_set_object (&self->generator, generator);
}

void
riposte_composer_set_editor (RiposteComposer *self, RiposteEditor *editor)
{
  g_set_object (&self->editor, editor);
  riposte_mention_set_editor (self->mention, editor);
}

static gboolean
is_empty (RiposteComposer *self)
{
  return gtk_text_buffer_get_char_count (self->buffer) == 0
         && g_list_model_get_n_items (riposte_composer_get_attachments (self)) == 0;
}

static void
update (RiposteComposer *self)
{
  g_autofree char *text = riposte_composer_dup_text (self);
  gboolean empty = *text == '\0';

  gtk_widget_set_visible (GTK_WIDGET (self->placeholder), empty && !self->preediting);
  g_strstrip (text);
  gtk_widget_set_sensitive (GTK_WIDGET (self->send),
                            self->can_send && !self->busy
                              && (*text || g_list_model_get_n_items (riposte_composer_get_attachments (self)) > 0));
}

void
riposte_composer_set_can_send (RiposteComposer *self, gboolean can_send)
{
  self->can_send = can_send;
  update (self);
}

void
riposte_composer_set_busy (RiposteComposer *self, gboolean busy)
{
  self->busy = busy;
  gtk_stack_set_visible_child_name (self->buttons, busy ? "stop" : "send");
  update (self);
}

gboolean
riposte_composer_send (RiposteComposer *self, const char *question)
{
  gboolean taken = FALSE;

  if (self->can_send && !self->busy)
    g_signal_emit (self, send_signal, 0, question, &taken);
  return taken;
}

static void
on_send (RiposteComposer *self)
{
  g_autofree char *text = riposte_composer_dup_question (self);

  if (!gtk_widget_get_sensitive (GTK_WIDGET (self->send)) || !riposte_composer_send (self, text))
    return;
  riposte_composer_set_text (self, NULL);
  riposte_attachment_bar_clear (self->attachments);
  riposte_composer_show_problem (self, NULL);
}

/* Runs before the text view sees the key, so the input method is asked first: to it, Enter may mean a word. */
static gboolean
on_key_pressed (RiposteComposer *self, guint key, guint code, GdkModifierType state, GtkEventController *controller)
{
  const GdkModifierType modifiers = GDK_SHIFT_MASK | GDK_CONTROL_MASK | GDK_ALT_MASK | GDK_SUPER_MASK;

  if (!self->preediting && riposte_mention_handle_key (self->mention, key, state))
    return GDK_EVENT_STOP;
  if (key == GDK_KEY_Up && !(state & modifiers) && !self->preediting && is_empty (self))
    return gtk_widget_activate_action (GTK_WIDGET (self), "win.edit-message", "s", "");
  if (key != GDK_KEY_Return && key != GDK_KEY_KP_Enter && key != GDK_KEY_ISO_Enter)
    return GDK_EVENT_PROPAGATE;
  if (self->preediting || (state & modifiers))
    return GDK_EVENT_PROPAGATE;
  if (gtk_text_view_im_context_filter_keypress (self->view, gtk_event_controller_get_current_event (controller)))
    return GDK_EVENT_STOP;
  on_send (self);
  return GDK_EVENT_STOP;
}

static void
on_preedit_changed (RiposteComposer *self, const char *preedit)
{
  self->preediting = *preedit != '\0';
  update (self);
}

static gboolean
riposte_composer_grab_focus (GtkWidget *widget)
{
  return gtk_widget_grab_focus (GTK_WIDGET (RIPOSTE_COMPOSER (widget)->view));
}

static void
on_text_changed (RiposteComposer *self)
{
  update (self);
  g_signal_emit (self, changed_signal, 0);
}

static void
riposte_composer_init (RiposteComposer *self)
{
  GtkEventController *keys = gtk_event_controller_key_new ();

  gtk_widget_init_template (GTK_WIDGET (self));
  self->buffer = gtk_text_view_get_buffer (self->view);
  riposte_composer_set_up_attaching (self);
  gtk_event_controller_set_propagation_phase (keys, GTK_PHASE_CAPTURE);
  g_signal_connect_swapped (keys, "key-pressed", G_CALLBACK (on_key_pressed), self);
  gtk_widget_add_controller (GTK_WIDGET (self->view), keys);
  g_signal_connect_object (self->buffer, "changed", G_CALLBACK (on_text_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->view, "preedit-changed", G_CALLBACK (on_preedit_changed), self, G_CONNECT_SWAPPED);
}

static void
riposte_composer_dispose (GObject *object)
{
  RiposteComposer *self = RIPOSTE_COMPOSER (object);

  g_clear_object (&self->mention);
  g_clear_object (&self->editor);
  g_clear_object (&self->generator);
  gtk_widget_dispose_template (GTK_WIDGET (object), RIPOSTE_TYPE_COMPOSER);
  G_OBJECT_CLASS (riposte_composer_parent_class)->dispose (object);
}

static void
riposte_composer_class_init (RiposteComposerClass *klass)
{
  GtkWidgetClass *widget = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = riposte_composer_dispose;
  widget->grab_focus = riposte_composer_grab_focus;
  send_signal = g_signal_new ("send", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                              g_signal_accumulator_true_handled, NULL, NULL, G_TYPE_BOOLEAN, 1, G_TYPE_STRING);
  changed_signal
    = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  g_type_ensure (RIPOSTE_TYPE_ATTACHMENT_BAR);
  gtk_widget_class_set_template_from_resource (widget, "/dev/riposte/Riposte/chat/composer.ui");
  gtk_widget_class_bind_template_child (widget, RiposteComposer, view);
  gtk_widget_class_bind_template_child (widget, RiposteComposer, placeholder);
  gtk_widget_class_bind_template_child (widget, RiposteComposer, problem);
  gtk_widget_class_bind_template_child (widget, RiposteComposer, attach);
  gtk_widget_class_bind_template_child (widget, RiposteComposer, attachments);
  gtk_widget_class_bind_template_child (widget, RiposteComposer, buttons);
  gtk_widget_class_bind_template_child (widget, RiposteComposer, send);
  gtk_widget_class_bind_template_child (widget, RiposteComposer, stop);
  gtk_widget_class_bind_template_callback (widget, on_send);
  gtk_widget_class_bind_template_callback (widget, on_text_changed);
  riposte_composer_install_attach_actions (widget);
}
