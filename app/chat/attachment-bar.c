#include "chat/attachment-bar.h"

#include "plain-text.h"

#include <glib/gi18n.h>

struct _RiposteAttachmentBar
{
  GtkWidget parent;

  GtkFlowBox *flow;
  GListStore *model;
};

G_DEFINE_FINAL_TYPE (RiposteAttachmentBar, riposte_attachment_bar, GTK_TYPE_WIDGET)

static guint changed_signal;

static void
remove_attachment (RiposteAttachmentBar *self, RiposteAttachment *attachment)
{
  guint position;

  if (g_list_store_find (self->model, attachment, &position))
    g_list_store_remove (self->model, position);
}

/* ---- a chip ---- */

static void
on_remove (GtkWidget *button)
{
  RiposteAttachmentBar *self = RIPOSTE_ATTACHMENT_BAR (gtk_widget_get_ancestor (button, RIPOSTE_TYPE_ATTACHMENT_BAR));

  remove_attachment (self, g_object_get_data (G_OBJECT (button), "attachment"));
}

static gboolean
on_key_pressed (RiposteAttachmentBar *self,
                guint key,
                guint code,
                GdkModifierType state,
                GtkEventController *controller)
{
  GtkWidget *child = gtk_widget_get_focus_child (GTK_WIDGET (self->flow));

  if (!child || (key != GDK_KEY_Delete && key != GDK_KEY_KP_Delete && key != GDK_KEY_BackSpace))
    return GDK_EVENT_PROPAGATE;
  on_remove (gtk_widget_get_last_child (gtk_flow_box_child_get_child (GTK_FLOW_BOX_CHILD (child))));
  return GDK_EVENT_STOP;
}

static char *
describe (RiposteAttachment *attachment)
{
  g_autofree char *size = g_format_size (strlen (riposte_attachment_get_text (attachment)));
  guint n_tokens = GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (attachment), "tokens"));

  if (!n_tokens)
    return g_steal_pointer (&size);
  /* Translators: the size of a file, as “2.1 kB”, and what it takes of the context */
  return g_strdup_printf (g_dngettext (NULL, "%s · %'u token", "%s · %'u tokens", n_tokens), size, n_tokens);
}

static GtkWidget *
make_remove_button (RiposteAttachment *attachment, const char *name)
{
  GtkWidget *button = gtk_button_new_from_icon_name ("window-close-symbolic");
  g_autofree char *label = g_strdup_printf (_ ("Remove %s"), name);

  gtk_widget_add_css_class (button, "flat");
  gtk_widget_add_css_class (button, "circular");
  gtk_widget_add_css_class (button, "small");
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_set_tooltip_text (button, label);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  g_object_set_data_full (G_OBJECT (button), "attachment", g_object_ref (attachment), g_object_unref);
  g_signal_connect (button, "clicked", G_CALLBACK (on_remove), NULL);
  return button;
}

static GtkWidget *
make_chip (gpointer item, gpointer user_data)
{
  RiposteAttachment *attachment = item;
  g_autofree char *name = riposte_plain_text (riposte_attachment_get_name (attachment), -1);
  g_autofree char *details = describe (attachment);
  GtkWidget *chip = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *icon = gtk_image_new_from_icon_name ("text-x-generic-symbolic");
  GtkWidget *label = gtk_label_new (name), *size = gtk_label_new (details);

  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_MIDDLE);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 24);
  gtk_label_set_ellipsize (GTK_LABEL (size), PANGO_ELLIPSIZE_END);
  gtk_widget_add_css_class (size, "dim-label");
  gtk_widget_add_css_class (size, "numeric");
  gtk_widget_add_css_class (chip, "chip");
  gtk_box_append (GTK_BOX (chip), icon);
  gtk_box_append (GTK_BOX (chip), label);
  gtk_box_append (GTK_BOX (chip), size);
  gtk_box_append (GTK_BOX (chip), make_remove_button (attachment, name));
  return chip;
}

/* ---- all of them ---- */

GListModel *
riposte_attachment_bar_get_model (RiposteAttachmentBar *self)
{
  return G_LIST_MODEL (self->model);
}

static void
on_items_changed (RiposteAttachmentBar *self)
{
  gtk_widget_set_visible (GTK_WIDGET (self), g_list_model_get_n_items (G_LIST_MODEL (self->model)) > 0);
  g_signal_emit (self, changed_signal, 0);
}

void
riposte_attachment_bar_set_model (RiposteAttachmentBar *self, GListStore *model)
{
  g_autoptr (GListStore) own = model ? g_object_ref (model) : g_list_store_new (RIPOSTE_TYPE_ATTACHMENT);

  if (self->model)
    g_signal_handlers_disconnect_by_data (self->model, self);
  g_set_object (&self->model, own);
  gtk_flow_box_bind_model (self->flow, G_LIST_MODEL (own), make_chip, NULL, NULL);
  g_signal_connect_object (own, "items-changed", G_CALLBACK (on_items_changed), self, G_CONNECT_SWAPPED);
  on_items_changed (self);
}

void
riposte_attachment_bar_add (RiposteAttachmentBar *self, RiposteAttachment *attachment, guint n_tokens)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->model)); i++)
    {
      g_autoptr (RiposteAttachment) there = g_list_model_get_item (G_LIST_MODEL (self->model), i);

      if (g_str_equal (riposte_attachment_get_name (there), riposte_attachment_get_name (attachment))
          && g_str_equal (riposte_attachment_get_text (there), riposte_attachment_get_text (attachment)))
        return;
    }
  g_object_set_data (G_OBJECT (attachment), "tokens", GUINT_TO_POINTER (n_tokens));
  g_list_store_append (self->model, attachment);
}

void
riposte_attachment_bar_clear (RiposteAttachmentBar *self)
{
  g_list_store_remove_all (self->model);
}

/* ---- object ---- */

static void
riposte_attachment_bar_init (RiposteAttachmentBar *self)
{
  GtkEventController *keys = gtk_event_controller_key_new ();

  self->flow = GTK_FLOW_BOX (gtk_flow_box_new ());
  g_signal_connect_swapped (keys, "key-pressed", G_CALLBACK (on_key_pressed), self);
  gtk_widget_add_controller (GTK_WIDGET (self->flow), keys);
  gtk_flow_box_set_selection_mode (self->flow, GTK_SELECTION_NONE);
  gtk_flow_box_set_max_children_per_line (self->flow, 8);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->flow), GTK_ACCESSIBLE_PROPERTY_LABEL, _ ("Attachments"), -1);
  gtk_widget_set_parent (GTK_WIDGET (self->flow), GTK_WIDGET (self));
  riposte_attachment_bar_set_model (self, NULL);
}

static void
riposte_attachment_bar_dispose (GObject *object)
{
  RiposteAttachmentBar *self = RIPOSTE_ATTACHMENT_BAR (object);

  if (self->model)
    g_signal_handlers_disconnect_by_data (self->model, self);
  if (self->flow)
    gtk_widget_unparent (GTK_WIDGET (self->flow));
  self->flow = NULL;
  g_clear_object (&self->model);
  G_OBJECT_CLASS (riposte_attachment_bar_parent_class)->dispose (object);
}

static void
riposte_attachment_bar_class_init (RiposteAttachmentBarClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = riposte_attachment_bar_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
  changed_signal
    = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}
