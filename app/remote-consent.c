#include "remote-consent.h"

#include <adwaita.h>
#include <glib/gi18n.h>

typedef struct
{
  RiposteConsentAnswer answer;
  gpointer data;
  GCancellable *cancellable;
  gulong handler;
} Asking;

static void
on_response (GtkWindow *dialog, const char *response, gpointer user_data)
{
  Asking *asking = user_data;

  g_signal_handler_disconnect (asking->cancellable, asking->handler);
  g_object_unref (asking->cancellable);
  asking->answer (g_str_equal (response, "send"), asking->data);
  g_free (asking);
}

static char *
describe (const RiposteDeparture *departure)
{
  g_autofree char *size = g_format_size (departure->n_bytes);
  g_autofree char *what
    /* Translators: the second is a size, such as "2.3 kB" */
    = g_strdup_printf (
      ngettext ("%u message of this chat (%s)", "%u messages of this chat (%s)", departure->n_messages),
      departure->n_messages, size);
  GString *text = g_string_new (NULL);

  /* Translators: the first is "3 messages of this chat (2.3 kB)", then a host, then a model */
  g_string_append_printf (text, _ ("%s will leave this machine for %s, where the model “%s” answers."), what,
                          departure->host, departure->model);
  if (departure->plain)
    g_string_append_printf (text, "\n\n%s",
                            departure->plain_key
                              ? _ ("The connection is not encrypted: everybody on the way can read it, and the key.")
                              : _ ("The connection is not encrypted: everybody on the way can read it."));
  if (departure->first)
    g_string_append_printf (text, "\n\n%s",
                            _ ("This is the first time. The preferences say when a service may answer, and list all "
                               "requests."));
  return g_string_free (text, FALSE);
}

void
riposte_remote_consent_ask (const RiposteDeparture *departure,
                            GCancellable *cancellable,
                            RiposteConsentAnswer answer,
                            gpointer data,
                            gpointer application)
{
  GtkWindow *window = gtk_application_get_active_window (application);
  g_autofree char *body = describe (departure);
  /* Translators: %s is a host */
  g_autofree char *heading = g_strdup_printf (_ ("Send to %s?"), departure->host);
  GtkWidget *dialog = adw_message_dialog_new (window, heading, body);
  Asking *asking = g_new0 (Asking, 1);

  adw_message_dialog_add_responses (ADW_MESSAGE_DIALOG (dialog), "cancel", _ ("_Cancel"), "send", _ ("_Send"), NULL);
  adw_message_dialog_set_response_appearance (ADW_MESSAGE_DIALOG (dialog), "send", ADW_RESPONSE_SUGGESTED);
  adw_message_dialog_set_default_response (ADW_MESSAGE_DIALOG (dialog), "send");
  adw_message_dialog_set_close_response (ADW_MESSAGE_DIALOG (dialog), "cancel");
  asking->answer = answer;
  asking->data = data;
  asking->cancellable = g_object_ref (cancellable);
  asking->handler
    = g_signal_connect_object (cancellable, "cancelled", G_CALLBACK (gtk_window_close), dialog, G_CONNECT_SWAPPED);
  g_signal_connect (dialog, "response", G_CALLBACK (on_response), asking);
  gtk_window_present (GTK_WINDOW (dialog));
}
