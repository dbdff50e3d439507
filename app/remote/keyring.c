#include "remote/keyring.h"

#include <glib/gi18n.h>
#include <libsecret/secret.h>
#include <string.h>

static const SecretSchema schema = {
  .name = RIPOSTE_APP_ID ".Key",
  .flags = SECRET_SCHEMA_NONE,
  .attributes = { { "origin", SECRET_SCHEMA_ATTRIBUTE_STRING }, { NULL, 0 } },
};

/* ---- for this run ---- */

static GHashTable *held; /* origin to key */

void
riposte_remote_keyring_hold (const char *origin, RiposteRemoteKey *key)
{
  if (!held)
    held = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)riposte_remote_key_unref);
  if (key)
    g_hash_table_replace (held, g_strdup (origin), riposte_remote_key_ref (key));
  else
    g_hash_table_remove (held, origin);
}

gboolean
riposte_remote_keyring_holds (const char *origin)
{
  return held && g_hash_table_contains (held, origin);
}

/* ---- for good ---- */

/* Without one, GDBus would start a bus of its own, where no keyring is. */
static gboolean
has_session_bus (void)
{
  g_autofree char *socket = g_build_filename (g_get_user_runtime_dir (), "bus", NULL);

  return g_getenv ("DBUS_SESSION_BUS_ADDRESS") || g_file_test (socket, G_FILE_TEST_EXISTS);
}

/* FALSE after @task was ended. */
static gboolean
need_bus (GTask *task)
{
  if (has_session_bus ())
    return TRUE;
  g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, _ ("There is no keyring in this session"));
  g_object_unref (task);
  return FALSE;
}

static void
on_looked_up (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  GError *error = NULL;
  /* in memory that does not go to swap, and is overwritten when freed */
  char *text = secret_password_lookup_nonpageable_finish (result, &error);
  RiposteRemoteKey *key = text ? riposte_remote_key_new (text, &error) : NULL;

  secret_password_free (text);
  if (error)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, key, (GDestroyNotify)riposte_remote_key_unref);
  g_object_unref (task);
}

void
riposte_remote_keyring_lookup_async (const char *origin,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  RiposteRemoteKey *key = held ? g_hash_table_lookup (held, origin) : NULL;

  if (key)
    {
      g_task_return_pointer (task, riposte_remote_key_ref (key), (GDestroyNotify)riposte_remote_key_unref);
      g_object_unref (task);
    }
  else if (need_bus (task))
    secret_password_lookup (&schema, cancellable, on_looked_up, task, "origin", origin, NULL);
}

RiposteRemoteKey *
riposte_remote_keyring_lookup_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
on_stored (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  GError *error = NULL;

  if (secret_password_store_finish (result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
  g_object_unref (task);
}

void
riposte_remote_keyring_store_async (const char *origin,
                                    RiposteRemoteKey *key,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  /* Translators: the name of a key in the keyring; %s is the address of a service */
  g_autofree char *label = g_strdup_printf (_ ("Riposte: key of %s"), origin);

  if (need_bus (task))
    secret_password_store (&schema, SECRET_COLLECTION_DEFAULT, label, riposte_remote_key_get_text (key), cancellable,
                           on_stored, task, "origin", origin, NULL);
}

gboolean
riposte_remote_keyring_store_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
on_cleared (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  GError *error = NULL;

  secret_password_clear_finish (result, &error);
  if (error)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

void
riposte_remote_keyring_clear_async (const char *origin,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);

  if (need_bus (task))
    secret_password_clear (&schema, cancellable, on_cleared, task, "origin", origin, NULL);
}

gboolean
riposte_remote_keyring_clear_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
