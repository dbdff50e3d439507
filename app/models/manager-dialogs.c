#include "models/manager-dialogs.h"

#include <glib/gi18n.h>

#include "models/downloads.h"
#include "models/transfer.h"

/* ---- an address ---- */

typedef struct
{
  AdwMessageDialog *dialog;
  GtkLabel *problem;
  RiposteAddressFunc chosen;
  gpointer user_data;
} AddressQuestion;

/* "…-00001-of-00003.gguf", where there is more than one. */
static gboolean
is_part (const char *file)
{
  g_autoptr (GRegex) regex = g_regex_new ("-\\d{5}-of-(\\d{5})\\.gguf$", G_REGEX_CASELESS, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  g_autofree char *n_parts = NULL;

  if (!g_regex_match (regex, file, 0, &match))
    return FALSE;
  n_parts = g_match_info_fetch (match, 1);
  return g_ascii_strtoull (n_parts, NULL, 10) > 1;
}

/* NULL where @text is no address that can be fetched from; *file is the name, *problem the reason. */
static char *
read_address (const char *text, char **file, char **problem)
{
  g_autofree char *url = riposte_downloads_mend_url (text);
  g_autoptr (GError) error = NULL;

  *file = *problem = NULL;
  if (!riposte_transfer_check_url (url, &error))
    *problem = g_strdup (error->message);
  else if (!(*file = riposte_downloads_name_file (url)))
    *problem = g_strdup (_ ("The address has to end with the name of a file"));
  else if (is_part (*file))
    {
      *problem = g_strdup (_ ("This is a part of a model; the address of a file that has all of it is needed"));
      g_clear_pointer (file, g_free);
    }
  return *file ? g_steal_pointer (&url) : NULL;
}

static void
on_address_changed (GtkEditable *entry, AddressQuestion *question)
{
  const char *text = gtk_editable_get_text (entry);
  g_autofree char *file = NULL, *problem = NULL, *url = read_address (text, &file, &problem);

  adw_message_dialog_set_response_enabled (question->dialog, "download", url != NULL);
  gtk_label_set_label (question->problem, *text && problem ? problem : "");
}

static void
on_address_response (AdwMessageDialog *dialog, const char *response, AddressQuestion *question)
{
  GtkEditable *entry = g_object_get_data (G_OBJECT (dialog), "entry");
  g_autofree char *file = NULL, *problem = NULL;
  g_autofree char *url = read_address (gtk_editable_get_text (entry), &file, &problem);

  if (g_strcmp0 (response, "download") == 0 && url)
    question->chosen (url, file, question->user_data);
}

void
riposte_ask_address (GtkWindow *parent, RiposteAddressFunc chosen, gpointer user_data)
{
  GtkWidget *window
    = adw_message_dialog_new (parent, _ ("Download from an Address"),
                              _ ("The address of a GGUF file. A page of a file on Hugging Face will do as well."));
  AdwMessageDialog *dialog = ADW_MESSAGE_DIALOG (window);
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6), *entry = gtk_entry_new (),
            *problem = gtk_label_new (NULL);
  AddressQuestion *question = g_new (AddressQuestion, 1);

  *question = (AddressQuestion){ dialog, GTK_LABEL (problem), chosen, user_data };
  adw_message_dialog_add_responses (dialog, "cancel", _ ("_Cancel"), "download", _ ("_Download"), NULL);
  adw_message_dialog_set_response_appearance (dialog, "download", ADW_RESPONSE_SUGGESTED);
  adw_message_dialog_set_response_enabled (dialog, "download", FALSE);
  adw_message_dialog_set_default_response (dialog, "download");
  adw_message_dialog_set_close_response (dialog, "cancel");
  gtk_entry_set_activates_default (GTK_ENTRY (entry), TRUE);
  gtk_entry_set_input_purpose (GTK_ENTRY (entry), GTK_INPUT_PURPOSE_URL);
  gtk_entry_set_placeholder_text (GTK_ENTRY (entry), "https://");
  gtk_accessible_update_property (GTK_ACCESSIBLE (entry), GTK_ACCESSIBLE_PROPERTY_LABEL, _ ("Address"), -1);
  gtk_label_set_wrap (GTK_LABEL (problem), TRUE);
  gtk_label_set_xalign (GTK_LABEL (problem), 0);
  gtk_widget_add_css_class (problem, "error");
  gtk_widget_add_css_class (problem, "caption");
  gtk_box_append (GTK_BOX (box), entry);
  gtk_box_append (GTK_BOX (box), problem);
  adw_message_dialog_set_extra_child (dialog, box);
  g_object_set_data (G_OBJECT (dialog), "entry", entry);
  g_object_set_data_full (G_OBJECT (dialog), "question", question, g_free);
  g_object_set_data_full (G_OBJECT (dialog), "parent", g_object_ref (parent), g_object_unref);
  g_signal_connect (entry, "changed", G_CALLBACK (on_address_changed), question);
  g_signal_connect (dialog, "response", G_CALLBACK (on_address_response), question);
  gtk_window_present (GTK_WINDOW (dialog));
  gtk_widget_grab_focus (entry);
}

/* ---- a farewell ---- */

typedef struct
{
  GtkWindow *parent; /* a reference, while something is under way */
  char *name;
  GFile *file;
  RiposteDeletedFunc deleted;
  gpointer user_data;
} Deletion;

static void
deletion_free (gpointer data)
{
  Deletion *deletion = data;

  g_object_unref (deletion->parent);
  g_object_unref (deletion->file);
  g_free (deletion->name);
  g_free (deletion);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Deletion, deletion_free)

static void
on_deleted (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Deletion) deletion = user_data;
  g_autoptr (GError) error = NULL;

  g_file_delete_finish (G_FILE (object), result, &error);
  deletion->deleted (deletion->name, error, deletion->user_data);
}

static void
on_delete_response (AdwMessageDialog *dialog, const char *response, gpointer user_data)
{
  g_autoptr (Deletion) deletion = user_data;
  GFile *file = deletion->file;

  if (g_strcmp0 (response, "delete") == 0)
    g_file_delete_async (file, G_PRIORITY_DEFAULT, NULL, on_deleted, g_steal_pointer (&deletion));
}

static void
ask (Deletion *deletion, const char *heading, const char *body, const char *label, GCallback on_response)
{
  AdwMessageDialog *dialog = ADW_MESSAGE_DIALOG (adw_message_dialog_new (deletion->parent, heading, body));

  adw_message_dialog_add_responses (dialog, "cancel", _ ("_Cancel"), "delete", label, NULL);
  adw_message_dialog_set_response_appearance (dialog, "delete", ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_default_response (dialog, "cancel");
  adw_message_dialog_set_close_response (dialog, "cancel");
  g_signal_connect (dialog, "response", on_response, deletion);
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
on_trashed (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Deletion) deletion = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *body = NULL;

  if (g_file_trash_finish (G_FILE (object), result, &error))
    {
      deletion->deleted (deletion->name, NULL, deletion->user_data);
      return;
    }
  /* Translators: %s is why */
  body = g_strdup_printf (_ ("It cannot be put into the trash: %s"), error->message);
  ask (g_steal_pointer (&deletion), _ ("Delete the Model for Good?"), body, _ ("_Delete for Good"),
       G_CALLBACK (on_delete_response));
}

static void
on_trash_response (AdwMessageDialog *dialog, const char *response, gpointer user_data)
{
  g_autoptr (Deletion) deletion = user_data;
  GFile *file = deletion->file;

  if (g_strcmp0 (response, "delete") == 0)
    g_file_trash_async (file, G_PRIORITY_DEFAULT, NULL, on_trashed, g_steal_pointer (&deletion));
}

void
riposte_ask_delete (GtkWindow *parent,
                    const char *name,
                    const char *path,
                    RiposteDeletedFunc deleted,
                    gpointer user_data)
{
  Deletion *deletion = g_new (Deletion, 1);
  /* Translators: the name of a model */
  g_autofree char *body = g_strdup_printf (_ ("“%s” will be put into the trash."), name);

  *deletion = (Deletion){ g_object_ref (parent), g_strdup (name), g_file_new_for_path (path), deleted, user_data };
  ask (deletion, _ ("Delete This Model?"), body, _ ("_Delete"), G_CALLBACK (on_trash_response));
}
