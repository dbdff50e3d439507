#include "chat/branch-bar.h"

#include <glib/gi18n.h>

struct _RiposteBranchBar
{
  GtkBox parent;

  RiposteMessage *message;
  GtkWidget *switcher, *previous, *next, *answer, *edit, *delete;
  GtkLabel *position;
};

G_DEFINE_FINAL_TYPE (RiposteBranchBar, riposte_branch_bar, GTK_TYPE_BOX)

static void
update (RiposteBranchBar *self)
{
  guint n, index = riposte_message_get_branch (self->message, &n);
  gboolean busy = riposte_message_is_busy (self->message);
  g_autofree char *position = g_strdup_printf ("%u/%u", index + 1, n);
  /* Translators: of the versions of a question or an answer, which is shown, and how many there are */
  g_autofree char *name = g_strdup_printf (_ ("Version %u of %u"), index + 1, n);

  gtk_widget_set_visible (self->switcher, n > 1);
  gtk_label_set_label (self->position, position);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->position), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  gtk_widget_set_sensitive (self->previous, index > 0);
  gtk_widget_set_sensitive (self->next, index + 1 < n);
  gtk_widget_set_visible (self->edit, !busy && *riposte_message_get_said (self->message));
  gtk_widget_set_visible (self->delete, !busy);
}

static void
on_previous (RiposteBranchBar *self)
{
  gtk_widget_activate_action (GTK_WIDGET (self), "win.previous-branch", "s", riposte_message_get_id (self->message));
}

static void
on_next (RiposteBranchBar *self)
{
  gtk_widget_activate_action (GTK_WIDGET (self), "win.next-branch", "s", riposte_message_get_id (self->message));
}

void
riposte_branch_bar_set_last (RiposteBranchBar *self, gboolean last)
{
  gtk_widget_set_visible (self->answer, last && riposte_message_get_role (self->message) == RIPOSTE_ROLE_USER);
}

int
riposte_branch_bar_get_focus (RiposteBranchBar *self)
{
  return gtk_widget_is_focus (self->next) - gtk_widget_is_focus (self->previous);
}

gboolean
riposte_branch_bar_focus (RiposteBranchBar *self, int direction)
{
  GtkWidget *first = direction < 0 ? self->previous : self->next;
  GtkWidget *second = direction < 0 ? self->next : self->previous;

  return gtk_widget_grab_focus (first) || gtk_widget_grab_focus (second);
}

static void
riposte_branch_bar_init (RiposteBranchBar *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

static void
riposte_branch_bar_dispose (GObject *object)
{
  RiposteBranchBar *self = RIPOSTE_BRANCH_BAR (object);

  g_clear_object (&self->message);
  gtk_widget_dispose_template (GTK_WIDGET (self), RIPOSTE_TYPE_BRANCH_BAR);
  G_OBJECT_CLASS (riposte_branch_bar_parent_class)->dispose (object);
}

static void
riposte_branch_bar_class_init (RiposteBranchBarClass *klass)
{
  GtkWidgetClass *widget = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = riposte_branch_bar_dispose;
  gtk_widget_class_set_template_from_resource (widget, "/dev/riposte/Riposte/chat/branch-bar.ui");
  gtk_widget_class_bind_template_child (widget, RiposteBranchBar, switcher);
  gtk_widget_class_bind_template_child (widget, RiposteBranchBar, previous);
  gtk_widget_class_bind_template_child (widget, RiposteBranchBar, next);
  gtk_widget_class_bind_template_child (widget, RiposteBranchBar, position);
  gtk_widget_class_bind_template_child (widget, RiposteBranchBar, answer);
  gtk_widget_class_bind_template_child (widget, RiposteBranchBar, edit);
  gtk_widget_class_bind_template_child (widget, RiposteBranchBar, delete);
  gtk_widget_class_bind_template_callback (widget, on_previous);
  gtk_widget_class_bind_template_callback (widget, on_next);
}

GtkWidget *
riposte_branch_bar_new (RiposteMessage *message)
{
  RiposteBranchBar *self = g_object_new (RIPOSTE_TYPE_BRANCH_BAR, NULL);
  const char *id = riposte_message_get_id (message);
  gboolean question = riposte_message_get_role (message) == RIPOSTE_ROLE_USER;
  const char *edit = question ? _ ("Edit Question") : _ ("Edit Answer");

  self->message = g_object_ref (message);
  gtk_widget_set_tooltip_text (self->edit, edit);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->edit), GTK_ACCESSIBLE_PROPERTY_LABEL, edit, -1);
  gtk_actionable_set_action_target (GTK_ACTIONABLE (self->edit), "s", id);
  gtk_actionable_set_action_target (GTK_ACTIONABLE (self->delete), "s", id);
  g_signal_connect_object (message, "branches", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (message, "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
  return GTK_WIDGET (self);
}
