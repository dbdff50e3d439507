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

/* One thing that is asked of the keyring. libsecret 0.20 never comes back from one that goes away while it asks to be
 * unlocked, and late from one that does not hear that it may give up, so both are watched for here. */
typedef struct
{
  GTask *task; /* NULL: it was ended */
  GSource *cancelled;
  guint watch;
  gboolean seen;
} Call;

static gboolean
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  Call *call = user_data;

  if (call->task)
    g_task_return_error_if_cancelled (call->task);
  g_clear_object (&call->task);
  return G_SOURCE_REMOVE;
}

static void
on_appeared (GDBusConnection *connection, const char *name, const char *owner, gpointer user_data)
{
  ((Call *)user_data)->seen = TRUE;
}

static void
on_vanished (GDBusConnection *connection, const char *name, gpointer user_data)
{
  Call *call = user_data;

  if (!call->seen || !call->task) /* it may only have to be started */
    return;
  g_task_return_new_error (call->task, G_IO_ERROR, G_IO_ERROR_CLOSED, _ ("The keyring went away"));
  g_clear_object (&call->task);
}

/* Takes @task; NULL after it was ended. */
static Call *
call_new (GTask *task)
{
  Call *call;

  if (!has_session_bus ())
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, _ ("There is no keyring in this session"));
      g_object_unref (task);
      return NULL;
    }
  call = g_new0 (Call, 1);
  call->task = task;
  call->watch = g_bus_watch_name (G_BUS_TYPE_SESSION, "org.freedesktop.secrets", G_BUS_NAME_WATCHER_FLAGS_NONE,
                                  on_appeared, on_vanished, call, NULL);
  call->cancelled = g_cancellable_source_new (g_task_get_cancellable (task));
  g_source_set_callback (call->cancelled, G_SOURCE_FUNC (on_cancelled), call, NULL);
  g_source_attach (call->cancelled, NULL);
  return call;
}

/* When libsecret has come back: the task, which is owned, or NULL where it was ended. */
static GTask *
call_end (Call *call)
{
  GTask *task = call->task;

  g_bus_unwatch_name (call->watch);
  g_source_destroy (call->cancelled);
  g_source_unref (call->cancelled);
  g_free (call);
  return task;
}

/* Takes @error: what D-Bus says of a keyring that cannot be started is no news to a person. */
static GError *
explain (GError *error)
{
  if (error->domain != G_DBUS_ERROR)
    return error;
  if (error->code == G_DBUS_ERROR_SERVICE_UNKNOWN || error->code == G_DBUS_ERROR_NAME_HAS_NO_OWNER
      || (error->code >= G_DBUS_ERROR_SPAWN_EXEC_FAILED && error->code <= G_DBUS_ERROR_SPAWN_NO_MEMORY))
    {
      g_error_free (error);
      return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_NOT_FOUND, _ ("There is no keyring in this session"));
    }
  g_dbus_error_strip_remote_error (error);
  return error;
}

/* Takes @error; without it, something was not done for no reason that libsecret gives. */
static void
return_done (GTask *task, gboolean done, GError *error)
{
  if (!task)
    g_clear_error (&error);
  else if (error)
    g_task_return_error (task, explain (error));
  else if (!done)
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_FAILED, _ ("The keyring stays locked"));
  else
    g_task_return_boolean (task, TRUE);
  g_clear_object (&task);
}

static void
on_looked_up (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = call_end (user_data);
  GError *error = NULL;
  /* in memory that does not go to swap, and is overwritten when freed */
  char *text = secret_password_lookup_nonpageable_finish (result, &error);
  RiposteRemoteKey *key = text && task ? riposte_remote_key_new (text, &error) : NULL;

  secret_password_free (text);
  if (!task)
    g_clear_error (&error);
  else if (error)
    g_task_return_error (task, explain (error));
  else
    g_task_return_pointer (task, key, (GDestroyNotify)riposte_remote_key_unref);
}

void
riposte_remote_keyring_lookup_async (const char *origin,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  RiposteRemoteKey *key = held ? g_hash_table_lookup (held, origin) : NULL;
  Call *call;

  if (key)
    {
      g_task_return_pointer (task, riposte_remote_key_ref (key), (GDestroyNotify)riposte_remote_key_unref);
      g_object_unref (task);
      return;
    }
  call = call_new (task);
  if (call)
    secret_password_lookup (&schema, cancellable, on_looked_up, call, "origin", origin, NULL);
}

RiposteRemoteKey *
riposte_remote_keyring_lookup_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
on_stored (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  gboolean done = secret_password_store_finish (result, &error);

  return_done (call_end (user_data), done, error);
}

void
riposte_remote_keyring_store_async (const char *origin,
                                    RiposteRemoteKey *key,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  Call *call = call_new (g_task_new (NULL, cancellable, callback, user_data));
  /* Translators: the name of a key in the keyring; %s is the address of a service */
  g_autofree char *label = g_strdup_printf (_ ("Riposte: key of %s"), origin);

  if (call)
    secret_password_store (&schema, SECRET_COLLECTION_DEFAULT, label, riposte_remote_key_get_text (key), cancellable,
                           on_stored, call, "origin", origin, NULL);
}

gboolean
riposte_remote_keyring_store_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
on_cleared (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;

  secret_password_clear_finish (result, &error); /* FALSE as well where there was none */
  return_done (call_end (user_data), TRUE, error);
}

void
riposte_remote_keyring_clear_async (const char *origin,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  Call *call = call_new (g_task_new (NULL, cancellable, callback, user_data));

  if (call)
    secret_password_clear (&schema, cancellable, on_cleared, call, "origin", origin, NULL);
}

gboolean
riposte_remote_keyring_clear_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
