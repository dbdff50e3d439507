#include "chat/store-notice.h"

#include <glib/gi18n.h>

struct _RiposteStoreNotice
{
  AdwBin parent;

  RiposteStore *store;
  RiposteConversation *conversation;

  GtkRevealer *revealer;
  GtkLabel *label;
  GtkWidget *set_aside, *retry;
};

G_DEFINE_FINAL_TYPE (RiposteStoreNotice, riposte_store_notice, ADW_TYPE_BIN)

static const char *
get_consequence (const GError *problem)
{
  if (g_error_matches (problem, RIPOSTE_STORE_ERROR, RIPOSTE_STORE_ERROR_NEWER))
    return _ ("What is asked now is not kept.");
  if (g_error_matches (problem, RIPOSTE_STORE_ERROR, RIPOSTE_STORE_ERROR_DAMAGED))
    return _ ("The file stays as it is until you set it aside.");
  return _ ("What is asked now stays in this window, and is kept as soon as that is possible.");
}

static void
update (RiposteStoreNotice *self)
{
  const GError *problem = self->store ? riposte_store_get_problem (self->store) : NULL;

  if (!problem && self->conversation)
    problem = riposte_conversation_get_load_error (self->conversation);
  gtk_revealer_set_reveal_child (self->revealer, problem != NULL);
  gtk_widget_set_visible (GTK_WIDGET (self->revealer), problem != NULL);
  if (problem)
    {
      g_autofree char *text = g_strdup_printf ("%s. %s", problem->message, get_consequence (problem));
      gboolean damaged = g_error_matches (problem, RIPOSTE_STORE_ERROR, RIPOSTE_STORE_ERROR_DAMAGED);

      gtk_label_set_label (self->label, text);
      gtk_widget_set_visible (self->set_aside, damaged);
    }
}

static void
on_retry (RiposteStoreNotice *self)
{
  riposte_store_retry (self->store);
  if (self->conversation)
    riposte_conversation_load (self->conversation);
}

static void
on_set_aside (RiposteStoreNotice *self)
{
  riposte_store_set_aside (self->store);
}

void
riposte_store_notice_set_store (RiposteStoreNotice *self, RiposteStore *store)
{
  g_return_if_fail (!self->store);
  self->store = g_object_ref (store);
  g_signal_connect_object (store, "problem", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
}

void
riposte_store_notice_set_conversation (RiposteStoreNotice *self, RiposteConversation *conversation)
{
  if (self->conversation)
    g_signal_handlers_disconnect_by_data (self->conversation, self);
  g_set_object (&self->conversation, conversation);
  if (conversation)
    g_signal_connect_object (conversation, "notify::loaded", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
}

static void
riposte_store_notice_init (RiposteStoreNotice *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

static void
riposte_store_notice_dispose (GObject *object)
{
  RiposteStoreNotice *self = RIPOSTE_STORE_NOTICE (object);

  if (self->conversation)
    g_signal_handlers_disconnect_by_data (self->conversation, self);
  g_clear_object (&self->conversation);
  g_clear_object (&self->store);
  G_OBJECT_CLASS (riposte_store_notice_parent_class)->dispose (object);
}

static void
riposte_store_notice_class_init (RiposteStoreNoticeClass *klass)
{
  GtkWidgetClass *widget = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = riposte_store_notice_dispose;
  gtk_widget_class_set_accessible_role (widget, GTK_ACCESSIBLE_ROLE_ALERT);
  gtk_widget_class_set_template_from_resource (widget, "/dev/riposte/Riposte/chat/store-notice.ui");
  gtk_widget_class_bind_template_child (widget, RiposteStoreNotice, revealer);
  gtk_widget_class_bind_template_child (widget, RiposteStoreNotice, label);
  gtk_widget_class_bind_template_child (widget, RiposteStoreNotice, set_aside);
  gtk_widget_class_bind_template_child (widget, RiposteStoreNotice, retry);
  gtk_widget_class_bind_template_callback (widget, on_retry);
  gtk_widget_class_bind_template_callback (widget, on_set_aside);
}
