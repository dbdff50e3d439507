#include "chat/announcer.h"

/* GTK before 4.14 has no call for this. A label that appears in the role of an alert is read by screen readers as
 * it does; one that only changes its text is not. */

struct _RiposteAnnouncer
{
  AdwBin parent;
};

G_DEFINE_FINAL_TYPE (RiposteAnnouncer, riposte_announcer, ADW_TYPE_BIN)

static void
riposte_announcer_init (RiposteAnnouncer *self)
{
  gtk_widget_set_can_target (GTK_WIDGET (self), FALSE);
  gtk_widget_set_halign (GTK_WIDGET (self), GTK_ALIGN_START);
  gtk_widget_set_valign (GTK_WIDGET (self), GTK_ALIGN_END);
  gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_HIDDEN);
  gtk_widget_set_opacity (GTK_WIDGET (self), 0);
}

static void
riposte_announcer_class_init (RiposteAnnouncerClass *klass)
{
}

GtkWidget *
riposte_announcer_new (void)
{
  return g_object_new (RIPOSTE_TYPE_ANNOUNCER, NULL);
}

void
riposte_announcer_say (RiposteAnnouncer *self, const char *text)
{
  GtkWidget *label = g_object_new (GTK_TYPE_LABEL, "accessible-role", GTK_ACCESSIBLE_ROLE_ALERT, "label", text,
                                   "ellipsize", PANGO_ELLIPSIZE_END, "max-width-chars", 1, NULL);

  gtk_accessible_update_property (GTK_ACCESSIBLE (label), GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
  adw_bin_set_child (ADW_BIN (self), label);
}
