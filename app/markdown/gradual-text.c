#include "markdown/gradual-text.h"

#include <string.h>

#define MAX_BYTES (32 * 1024)
#define KEY       "riposte-gradual-text"

typedef struct
{
  char *text;
  gsize length, at;
  guint tick;
} Rest;

static void
rest_free (gpointer data)
{
  Rest *rest = data;

  g_free (rest->text);
  g_free (rest);
}

/* Up to a whole character. */
static void
insert_some (GtkTextView *view, Rest *rest)
{
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (view);
  GtkTextIter end;
  gsize n = MIN (rest->length - rest->at, MAX_BYTES);

  while (n > 0 && ((guchar)rest->text[rest->at + n] & 0xc0) == 0x80)
    n--;
  gtk_text_buffer_get_end_iter (buffer, &end);
  gtk_text_buffer_insert (buffer, &end, rest->text + rest->at, (int)n);
  rest->at += n;
}

static gboolean
on_tick (GtkWidget *widget, GdkFrameClock *clock, gpointer user_data)
{
  Rest *rest = g_object_get_data (G_OBJECT (widget), KEY);

  insert_some (GTK_TEXT_VIEW (widget), rest);
  if (rest->at < rest->length)
    return G_SOURCE_CONTINUE;
  g_object_set_data (G_OBJECT (widget), KEY, NULL);
  return G_SOURCE_REMOVE;
}

void
riposte_gradual_text_add (GtkTextView *view, const char *text)
{
  Rest *rest = g_object_get_data (G_OBJECT (view), KEY);

  if (rest)
    {
      char *both = g_strconcat (rest->text + rest->at, text, NULL);

      g_free (rest->text);
      rest->text = both;
      rest->at = 0;
      rest->length = strlen (both);
      return;
    }
  rest = g_new0 (Rest, 1);
  rest->text = g_strdup (text);
  rest->length = strlen (text);
  insert_some (view, rest);
  if (rest->at == rest->length)
    {
      rest_free (rest);
      return;
    }
  g_object_set_data_full (G_OBJECT (view), KEY, rest, rest_free);
  rest->tick = gtk_widget_add_tick_callback (GTK_WIDGET (view), on_tick, NULL, NULL);
}

gsize
riposte_gradual_text_stop (GtkTextView *view)
{
  Rest *rest = g_object_get_data (G_OBJECT (view), KEY);
  gsize n = rest ? rest->length - rest->at : 0;

  if (rest)
    {
      gtk_widget_remove_tick_callback (GTK_WIDGET (view), rest->tick);
      g_object_set_data (G_OBJECT (view), KEY, NULL);
    }
  return n;
}
