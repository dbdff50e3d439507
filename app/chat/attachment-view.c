#include "chat/attachment-view.h"

#include "chat/attachment.h"
#include "store/search.h"
#include "plain-text.h"

#include <glib/gi18n.h>
#include <string.h>

#define MAX_HEIGHT 320

static GtkWidget *
make_text (RiposteAttachment *attachment)
{
  g_autofree char *plain = riposte_plain_text (riposte_attachment_get_text (attachment), -1);
  GtkWidget *scroller = gtk_scrolled_window_new (), *view = gtk_text_view_new ();

  gtk_text_buffer_set_text (gtk_text_view_get_buffer (GTK_TEXT_VIEW (view)), plain, -1);
  gtk_text_view_set_editable (GTK_TEXT_VIEW (view), FALSE);
  gtk_text_view_set_monospace (GTK_TEXT_VIEW (view), TRUE);
  gtk_text_view_set_accepts_tab (GTK_TEXT_VIEW (view), FALSE);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), view);
  gtk_scrolled_window_set_max_content_height (GTK_SCROLLED_WINDOW (scroller), MAX_HEIGHT);
  gtk_scrolled_window_set_propagate_natural_height (GTK_SCROLLED_WINDOW (scroller), TRUE);
  return scroller;
}

/* Its text is laid out when somebody wants to see it. */
static void
on_expanded (GtkExpander *expander, GParamSpec *pspec, RiposteAttachment *attachment)
{
  if (!gtk_expander_get_child (expander))
    gtk_expander_set_child (expander, make_text (attachment));
}

static GtkWidget *
make_fold (RiposteAttachment *attachment)
{
  g_autofree char *name = riposte_plain_text (riposte_attachment_get_name (attachment), -1);
  g_autofree char *size = g_format_size (strlen (riposte_attachment_get_text (attachment)));
  g_autofree char *title = g_strdup_printf ("%s · %s", name, size);
  GtkWidget *expander = gtk_expander_new (NULL), *label = gtk_label_new (title);

  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_MIDDLE);
  gtk_expander_set_label_widget (GTK_EXPANDER (expander), label);
  gtk_accessible_update_property (GTK_ACCESSIBLE (expander), GTK_ACCESSIBLE_PROPERTY_LABEL, title, -1);
  g_object_set_data (G_OBJECT (expander), "attachment", attachment);
  g_signal_connect_data (expander, "notify::expanded", G_CALLBACK (on_expanded), g_object_ref (attachment),
                         (GClosureNotify)(void (*) (void))g_object_unref, 0);
  return expander;
}

GtkWidget *
riposte_attachment_view_new (GPtrArray *attachments)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 3);

  for (guint i = 0; i < attachments->len; i++)
    gtk_box_append (GTK_BOX (box), make_fold (attachments->pdata[i]));
  return box;
}

void
riposte_attachment_view_unfold (GtkWidget *box, const char *words)
{
  for (GtkWidget *fold = gtk_widget_get_first_child (box); fold; fold = gtk_widget_get_next_sibling (fold))
    {
      RiposteAttachment *attachment = g_object_get_data (G_OBJECT (fold), "attachment");
      gsize start, end;

      if (!riposte_search_find (riposte_attachment_get_text (attachment), words, 0, &start, &end))
        continue;
      gtk_expander_set_expanded (GTK_EXPANDER (fold), TRUE);
      return;
    }
}
