#include "spoken-names.h"

#include <adwaita.h>
#include <glib/gi18n.h>

static gboolean
has_name (GtkAccessible *accessible)
{
  gboolean icon = GTK_IS_BUTTON (accessible) && gtk_button_get_icon_name (GTK_BUTTON (accessible));

  /* an icon, too, may be its label, and has no name itself */
  return gtk_test_accessible_has_property (accessible, GTK_ACCESSIBLE_PROPERTY_LABEL)
         || (!icon && gtk_test_accessible_has_relation (accessible, GTK_ACCESSIBLE_RELATION_LABELLED_BY));
}

static GtkWidget *
find_child (GtkWidget *widget, GType type)
{
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child; child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = G_TYPE_CHECK_INSTANCE_TYPE (child, type) ? child : find_child (child, type);
      if (found)
        return found;
    }
  return NULL;
}

static void
name_after_tooltip (GtkWidget *widget)
{
  const char *tooltip = gtk_widget_get_tooltip_text (widget);

  if (tooltip)
    gtk_accessible_update_property (GTK_ACCESSIBLE (widget), GTK_ACCESSIBLE_PROPERTY_LABEL, tooltip, -1);
}

/* What the search of the shortcuts window shows is all that tells what it is. */
static void
name_after_icon (GtkWidget *widget, GtkWidget *image)
{
  if (image && g_strcmp0 (gtk_image_get_icon_name (GTK_IMAGE (image)), "edit-find-symbolic") == 0)
    gtk_accessible_update_property (GTK_ACCESSIBLE (widget), GTK_ACCESSIBLE_PROPERTY_LABEL, _ ("Search"), -1);
}

static void
name_from_within (GtkWidget *widget)
{
  GtkWidget *label = find_child (widget, GTK_TYPE_LABEL);

  if (label)
    gtk_accessible_update_relation (GTK_ACCESSIBLE (widget), GTK_ACCESSIBLE_RELATION_LABELLED_BY, label, NULL, -1);
  else
    name_after_icon (widget, find_child (widget, GTK_TYPE_IMAGE));
}

/* A list or a menu: after the row or the group that it is in, whose title may be empty; any other need not have a name. */
static void
name_after_title (GtkWidget *list)
{
  GtkWidget *row = gtk_widget_get_ancestor (list, ADW_TYPE_PREFERENCES_ROW);
  GtkWidget *group = gtk_widget_get_ancestor (list, ADW_TYPE_PREFERENCES_GROUP);
  const char *name = row     ? adw_preferences_row_get_title (ADW_PREFERENCES_ROW (row))
                     : group ? adw_preferences_group_get_title (ADW_PREFERENCES_GROUP (group))
                             : "";

  gtk_accessible_reset_relation (GTK_ACCESSIBLE (list), GTK_ACCESSIBLE_RELATION_LABELLED_BY);
  gtk_accessible_update_property (GTK_ACCESSIBLE (list), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

static gboolean
on_realize (GSignalInvocationHint *hint, guint n_values, const GValue *values, gpointer user_data)
{
  GtkWidget *widget = g_value_get_object (&values[0]);
  GtkAccessible *accessible = GTK_ACCESSIBLE (widget);
  GtkAccessibleRole role = gtk_accessible_get_accessible_role (accessible);

  /* the label of its mnemonic says the same without the mark */
  if (GTK_IS_BUTTON (widget) && gtk_button_get_use_underline (GTK_BUTTON (widget))
      && gtk_test_accessible_has_relation (accessible, GTK_ACCESSIBLE_RELATION_LABELLED_BY))
    gtk_accessible_reset_property (accessible, GTK_ACCESSIBLE_PROPERTY_LABEL);
  if ((role == GTK_ACCESSIBLE_ROLE_LIST || role == GTK_ACCESSIBLE_ROLE_MENU)
      && !gtk_test_accessible_has_property (accessible, GTK_ACCESSIBLE_PROPERTY_LABEL))
    name_after_title (widget);
  if ((role != GTK_ACCESSIBLE_ROLE_BUTTON && role != GTK_ACCESSIBLE_ROLE_LIST_ITEM) || has_name (accessible))
    return TRUE;
  if (gtk_widget_get_tooltip_text (widget))
    {
      g_signal_connect (widget, "notify::tooltip-text", G_CALLBACK (name_after_tooltip), NULL);
      name_after_tooltip (widget);
    }
  else
    name_from_within (widget);
  return TRUE;
}

void
riposte_mend_spoken_names (void)
{
  g_type_class_unref (g_type_class_ref (GTK_TYPE_WIDGET));
  g_signal_add_emission_hook (g_signal_lookup ("realize", GTK_TYPE_WIDGET), 0, on_realize, NULL, NULL);
}
