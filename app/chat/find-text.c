#include "chat/find-text.h"

#include "store/search.h"

static gboolean
select_in_label (GtkLabel *label, const char *words)
{
  const char *text = gtk_label_get_text (label);
  gsize start, end;

  if (!riposte_search_find (text, words, 0, &start, &end))
    return FALSE;
  if (gtk_label_get_selectable (label))
    gtk_label_select_region (label, (int)g_utf8_pointer_to_offset (text, text + start),
                             (int)g_utf8_pointer_to_offset (text, text + end));
  return TRUE;
}

static gboolean
select_in_view (GtkTextView *view, const char *words)
{
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (view);
  GtkTextIter first, last;
  g_autofree char *text = NULL;
  gsize start, end;

  gtk_text_buffer_get_bounds (buffer, &first, &last);
  text = gtk_text_buffer_get_slice (buffer, &first, &last, TRUE);
  if (!riposte_search_find (text, words, 0, &start, &end))
    return FALSE;
  gtk_text_buffer_get_iter_at_offset (buffer, &first, (int)g_utf8_pointer_to_offset (text, text + start));
  gtk_text_buffer_get_iter_at_offset (buffer, &last, (int)g_utf8_pointer_to_offset (text, text + end));
  gtk_text_buffer_select_range (buffer, &first, &last);
  return TRUE;
}

static gboolean
select_here (GtkWidget *widget, const char *words)
{
  if (!gtk_widget_get_visible (widget))
    return FALSE;
  if (GTK_IS_LABEL (widget))
    return select_in_label (GTK_LABEL (widget), words);
  return GTK_IS_TEXT_VIEW (widget) && select_in_view (GTK_TEXT_VIEW (widget), words);
}

GtkWidget *
riposte_select_text (GtkWidget *root, const char *words)
{
  if (select_here (root, words))
    return root;
  for (GtkWidget *child = gtk_widget_get_first_child (root); child; child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = riposte_select_text (child, words);

      if (found)
        return found;
    }
  return NULL;
}

int
riposte_get_selection_y (GtkWidget *widget)
{
  int y = 0, start, end;

  if (GTK_IS_LABEL (widget))
    {
      const char *text = gtk_label_get_text (GTK_LABEL (widget));
      PangoRectangle place;

      if (!gtk_label_get_selection_bounds (GTK_LABEL (widget), &start, &end))
        return 0;
      gtk_label_get_layout_offsets (GTK_LABEL (widget), NULL, &y);
      pango_layout_index_to_pos (gtk_label_get_layout (GTK_LABEL (widget)),
                                 (int)(g_utf8_offset_to_pointer (text, start) - text), &place);
      y += PANGO_PIXELS (place.y);
    }
  else if (GTK_IS_TEXT_VIEW (widget))
    {
      GdkRectangle place;
      GtkTextIter at;

      gtk_text_buffer_get_selection_bounds (gtk_text_view_get_buffer (GTK_TEXT_VIEW (widget)), &at, NULL);
      gtk_text_view_get_iter_location (GTK_TEXT_VIEW (widget), &at, &place);
      gtk_text_view_buffer_to_window_coords (GTK_TEXT_VIEW (widget), GTK_TEXT_WINDOW_WIDGET, 0, place.y, NULL, &y);
    }
  return y;
}
