#include "store/archive.h"

#include "chat/message.h"
#include "untrusted-json.h"

#include <glib/gi18n.h>
#include <string.h>

#define FORMAT       "riposte-conversations"
#define VERSION      1
#define MAX_VALUES   (4u << 20)
#define MAX_MESSAGES 100000u /* of a conversation */
#define MAX_TEXT     ((gsize)RIPOSTE_ARCHIVE_MAX_SIZE)
#define MAX_SHORT    65536 /* bytes of a title, a name of a model, an error */
#define MAX_ID       64
#define MAX_TIME     253402300799 /* the last second of the year 9999 */

static const char *const state_names[] = {
  [RIPOSTE_RECORD_GROWING] = NULL, /* in the file it is cut off */
  [RIPOSTE_RECORD_ENDED] = "done",      [RIPOSTE_RECORD_CUT_OFF] = "cut-off",
  [RIPOSTE_RECORD_STOPPED] = "stopped", [RIPOSTE_RECORD_CONTEXT_FULL] = "context-full",
  [RIPOSTE_RECORD_FAILED] = "failed",   [RIPOSTE_RECORD_NO_ROOM] = "no-room",
};
static const char *const role_names[] = {
  [RIPOSTE_ROLE_USER] = "user",
  [RIPOSTE_ROLE_ASSISTANT] = "assistant",
};

G_DEFINE_QUARK (riposte - archive - error - quark, riposte_archive_error)

RiposteArchivedChat *
riposte_archived_chat_new (RiposteChatRecord *chat, GPtrArray *messages)
{
  RiposteArchivedChat *self = g_new (RiposteArchivedChat, 1);

  *self = (RiposteArchivedChat){ chat, messages };
  return self;
}

void
riposte_archived_chat_free (RiposteArchivedChat *self)
{
  riposte_chat_record_free (self->chat);
  g_ptr_array_unref (self->messages);
  g_free (self);
}

/* Parents come before their children, so one walk back from the head finds all of the path. */
GPtrArray *
riposte_archived_chat_get_path (const RiposteArchivedChat *self)
{
  g_autoptr (GPtrArray) backwards = g_ptr_array_new ();
  GPtrArray *path = g_ptr_array_new ();
  const char *wanted = self->chat->head;

  for (guint i = self->messages->len; i-- > 0;)
    {
      RiposteRecord *message = self->messages->pdata[i];

      if (wanted && strcmp (message->id, wanted) != 0)
        continue;
      g_ptr_array_add (backwards, message);
      wanted = message->parent;
      if (!wanted)
        break;
    }
  for (guint i = backwards->len; i-- > 0;)
    g_ptr_array_add (path, backwards->pdata[i]);
  return path;
}

/* ---- writing JSON ---- */

static void
add_string (JsonBuilder *builder, const char *name, const char *value)
{
  if (!value)
    return;
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, value);
}

static void
add_time (JsonBuilder *builder, const char *name, gint64 seconds)
{
  g_autoptr (GDateTime) time = seconds ? g_date_time_new_from_unix_utc (seconds) : NULL;
  g_autofree char *text = time ? g_date_time_format_iso8601 (time) : NULL;

  add_string (builder, name, text);
}

static void
add_boolean (JsonBuilder *builder, const char *name, gboolean value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_boolean_value (builder, value);
}

static void
add_int (JsonBuilder *builder, const char *name, guint value)
{
  if (!value)
    return;
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, value);
}

static void
add_number (JsonBuilder *builder, const char *name, double value)
{
  if (!(value > 0))
    return;
  json_builder_set_member_name (builder, name);
  json_builder_add_double_value (builder, value);
}

/* JSON within JSON; what cannot be read is left out. */
static void
add_json (JsonBuilder *builder, const char *name, const char *json)
{
  JsonNode *node = json ? riposte_json_parse (json, strlen (json), MAX_VALUES, NULL) : NULL;

  if (!node)
    return;
  json_builder_set_member_name (builder, name);
  json_builder_add_value (builder, node);
}

static void
add_message (JsonBuilder *builder, const RiposteRecord *message)
{
  const char *state = state_names[message->state];

  json_builder_begin_object (builder);
  add_string (builder, "id", message->id);
  add_string (builder, "parent", message->parent);
  add_string (builder, "role", role_names[message->role]);
  add_string (builder, "state", state ? state : state_names[RIPOSTE_RECORD_CUT_OFF]);
  add_time (builder, "created", message->created);
  add_string (builder, "model", message->model);
  add_int (builder, "prompt-tokens", message->n_read);
  add_int (builder, "tokens", message->n_written);
  add_int (builder, "context-tokens", message->n_context);
  add_number (builder, "tokens-per-second", message->tokens_per_second);
  add_number (builder, "seconds", message->seconds);
  add_number (builder, "thinking-seconds", message->thinking_seconds);
  if (message->left_out)
    add_boolean (builder, "left-out", TRUE);
  add_json (builder, "attachments", message->attachments);
  add_string (builder, "error", message->error);
  add_string (builder, "text", message->text);
  json_builder_end_object (builder);
}

static void
add_chat (JsonBuilder *builder, const RiposteArchivedChat *archived)
{
  const RiposteChatRecord *chat = archived->chat;

  json_builder_begin_object (builder);
  add_string (builder, "id", chat->id);
  add_string (builder, "title", chat->title);
  add_boolean (builder, "named", chat->named);
  add_boolean (builder, "pinned", chat->pinned);
  add_time (builder, "created", chat->created);
  add_time (builder, "updated", chat->updated);
  add_string (builder, "head", chat->head);
  add_json (builder, "settings", chat->settings);
  json_builder_set_member_name (builder, "messages");
  json_builder_begin_array (builder);
  for (guint i = 0; i < archived->messages->len; i++)
    add_message (builder, archived->messages->pdata[i]);
  json_builder_end_array (builder);
  json_builder_end_object (builder);
}

char *
riposte_archive_to_json (GPtrArray *chats)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonGenerator) generator = json_generator_new ();
  g_autoptr (JsonNode) root = NULL;

  json_builder_begin_object (builder);
  add_string (builder, "format", FORMAT);
  json_builder_set_member_name (builder, "version");
  json_builder_add_int_value (builder, VERSION);
  json_builder_set_member_name (builder, "conversations");
  json_builder_begin_array (builder);
  for (guint i = 0; i < chats->len; i++)
    add_chat (builder, chats->pdata[i]);
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  json_generator_set_root (generator, root);
  json_generator_set_pretty (generator, TRUE);
  return json_generator_to_data (generator, NULL);
}

/* ---- reading JSON ---- */

/* Where in the file it is, counted from 1. */
typedef struct
{
  guint chat, message;
} Place;

static gboolean G_GNUC_PRINTF (3, 4) refuse (const Place *at, GError **error, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  if (at->message)
    /* Translators: numbers of a conversation in a file and of a message in it, and what is wrong with it */
    g_set_error (error, RIPOSTE_ARCHIVE_ERROR, RIPOSTE_ARCHIVE_ERROR_INVALID, _ ("Conversation %u, message %u: %s"),
                 at->chat, at->message, what);
  else
    g_set_error (error, RIPOSTE_ARCHIVE_ERROR, RIPOSTE_ARCHIVE_ERROR_INVALID, _ ("Conversation %u: %s"), at->chat,
                 what);
  return FALSE;
}

static gboolean
is_id (const char *id)
{
  gsize length = id ? strlen (id) : 0;

  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isalnum (id[i]) && id[i] != '-' && id[i] != '_')
      return FALSE;
  return length > 0 && length <= MAX_ID;
}

/* An id that is not in @seen yet. */
static gboolean
read_id (JsonObject *object, GHashTable *seen, char **id, const Place *at, GError **error)
{
  const char *value = riposte_json_get_string (object, "id");

  if (!is_id (value))
    return refuse (at, error, _ ("it has no proper id"));
  if (g_hash_table_contains (seen, value))
    return refuse (at, error, _ ("its id “%s” is not the only one"), value);
  *id = g_strdup (value);
  return TRUE;
}

/* Text that may be missing, of at most @max bytes. */
static gboolean
read_text (JsonObject *object, const char *name, gsize max, char **text, const Place *at, GError **error)
{
  const char *value = riposte_json_get_string (object, name);

  if (!value && json_object_has_member (object, name) && !json_object_get_null_member (object, name))
    return refuse (at, error, _ ("“%s” is no text"), name);
  if (value && strlen (value) > max)
    return refuse (at, error, _ ("“%s” is too long"), name);
  *text = g_strdup (value);
  return TRUE;
}

static gint64
read_time (JsonObject *object, const char *name)
{
  const char *value = riposte_json_get_string (object, name);
  g_autoptr (GDateTime) time = value ? g_date_time_new_from_iso8601 (value, NULL) : NULL;

  return time ? CLAMP (g_date_time_to_unix (time), 0, MAX_TIME) : 0;
}

/* Which of the names the member has; @fallback (or -1) where there is none. */
static gboolean
read_name (JsonObject *object,
           const char *member,
           const char *const *names,
           guint n,
           int fallback,
           int *index,
           const Place *at,
           GError **error)
{
  const char *value = riposte_json_get_string (object, member);

  for (guint i = 0; value && i < n; i++)
    if (g_strcmp0 (value, names[i]) == 0)
      {
        *index = (int)i;
        return TRUE;
      }
  *index = fallback;
  return (!json_object_has_member (object, member) && fallback >= 0)
         || refuse (at, error, _ ("its %s “%s” is unknown"), member, value ? value : "");
}

/* JSON within JSON, as text; NULL where there is none. */
static char *
read_json (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node && !JSON_NODE_HOLDS_NULL (node) && !JSON_NODE_HOLDS_VALUE (node) ? json_to_string (node, FALSE) : NULL;
}

static guint
read_count (JsonObject *object, const char *name)
{
  return (guint)CLAMP (riposte_json_get_int (object, name, 0), 0, G_MAXINT);
}

static double
read_measure (JsonObject *object, const char *name)
{
  return CLAMP (riposte_json_get_number (object, name, 0), 0, 1e9);
}

/* @before: the messages of this conversation so far, by id. */
static gboolean
check_parent (const RiposteRecord *message, GHashTable *before, const Place *at, GError **error)
{
  const RiposteRecord *parent = message->parent ? g_hash_table_lookup (before, message->parent) : NULL;

  if (message->parent && !parent)
    return refuse (at, error, _ ("the message that it follows does not come before it"));
  if (message->role == RIPOSTE_ROLE_ASSISTANT && (!parent || parent->role != RIPOSTE_ROLE_USER))
    return refuse (at, error, _ ("an answer has to follow a question"));
  if (message->role == RIPOSTE_ROLE_USER && parent && parent->role != RIPOSTE_ROLE_ASSISTANT)
    return refuse (at, error, _ ("a question has to follow an answer"));
  return TRUE;
}

static gboolean
read_message (JsonObject *object, RiposteRecord *message, GHashTable *seen, const Place *at, GError **error)
{
  int state;

  if (!object)
    return refuse (at, error, _ ("it is no object"));
  if (!read_id (object, seen, &message->id, at, error)
      || !read_text (object, "parent", MAX_ID, &message->parent, at, error)
      || !read_name (object, "role", role_names, G_N_ELEMENTS (role_names), -1, &message->role, at, error)
      || !read_name (object, "state", state_names, G_N_ELEMENTS (state_names), RIPOSTE_RECORD_ENDED, &state, at, error)
      || !read_text (object, "text", MAX_TEXT, &message->text, at, error)
      || !read_text (object, "error", MAX_SHORT, &message->error, at, error)
      || !read_text (object, "model", MAX_SHORT, &message->model, at, error))
    return FALSE;
  if (!message->text)
    return refuse (at, error, _ ("it has no text"));
  message->state = (RiposteRecordState)state;
  message->attachments = read_json (object, "attachments");
  message->created = read_time (object, "created");
  message->n_read = read_count (object, "prompt-tokens");
  message->n_written = read_count (object, "tokens");
  message->n_context = read_count (object, "context-tokens");
  message->tokens_per_second = read_measure (object, "tokens-per-second");
  message->seconds = read_measure (object, "seconds");
  message->thinking_seconds = read_measure (object, "thinking-seconds");
  message->left_out = riposte_json_get_boolean (object, "left-out");
  return TRUE;
}

/* @seen: the ids of the whole file so far; it owns none of them. */
static gboolean
read_messages (JsonArray *array, RiposteArchivedChat *archived, GHashTable *seen, Place at, GError **error)
{
  g_autoptr (GHashTable) before = g_hash_table_new (g_str_hash, g_str_equal);
  guint n = json_array_get_length (array);

  if (n > MAX_MESSAGES)
    return refuse (&at, error, _ ("it has too many messages"));
  for (guint i = 0; i < n; i++)
    {
      RiposteRecord *message = g_new0 (RiposteRecord, 1);

      g_ptr_array_add (archived->messages, message);
      message->conversation = g_strdup (archived->chat->id);
      at.message = i + 1;
      if (!read_message (riposte_json_get_object_element (array, i), message, seen, &at, error)
          || !check_parent (message, before, &at, error))
        return FALSE;
      g_hash_table_add (seen, message->id);
      g_hash_table_insert (before, message->id, message);
    }
  at.message = 0;
  return !archived->chat->head || g_hash_table_contains (before, archived->chat->head)
         || refuse (&at, error, _ ("its head is none of its messages"));
}

static gboolean
read_chat (JsonObject *object, RiposteArchivedChat *archived, GHashTable *seen, Place at, GError **error)
{
  JsonArray *messages = object ? riposte_json_get_array (object, "messages") : NULL;
  RiposteChatRecord *chat = archived->chat;

  if (!messages)
    return refuse (&at, error, _ ("it has no messages"));
  if (!read_id (object, seen, &chat->id, &at, error)
      || !read_text (object, "title", MAX_SHORT, &chat->title, &at, error)
      || !read_text (object, "head", MAX_ID, &chat->head, &at, error))
    return FALSE;
  g_hash_table_add (seen, chat->id);
  chat->settings = read_json (object, "settings");
  chat->named = riposte_json_get_boolean (object, "named");
  chat->pinned = riposte_json_get_boolean (object, "pinned");
  chat->created = read_time (object, "created");
  chat->updated = read_time (object, "updated");
  return read_messages (messages, archived, seen, at, error);
}

static JsonArray *
check_format (JsonNode *root, GError **error)
{
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (root) ? json_node_get_object (root) : NULL;
  const char *format = object ? riposte_json_get_string (object, "format") : NULL;
  gint64 version = object ? riposte_json_get_int (object, "version", 0) : 0;
  JsonArray *chats = object ? riposte_json_get_array (object, "conversations") : NULL;

  if (g_strcmp0 (format, FORMAT) == 0 && version > VERSION)
    g_set_error (
      error, RIPOSTE_ARCHIVE_ERROR, RIPOSTE_ARCHIVE_ERROR_NEWER,
      _ ("A newer version of Riposte wrote this file: its format is version %d, and this one reads up to %d"),
      (int)MIN (version, G_MAXINT), VERSION);
  else if (g_strcmp0 (format, FORMAT) == 0 && version == VERSION && chats)
    return chats;
  else
    g_set_error_literal (error, RIPOSTE_ARCHIVE_ERROR, RIPOSTE_ARCHIVE_ERROR_NOT_ONE,
                         _ ("This file has no conversations exported by Riposte"));
  return NULL;
}

GPtrArray *
riposte_archive_from_json (const char *text, gsize length, GError **error)
{
  g_autoptr (GPtrArray) chats = g_ptr_array_new_with_free_func ((GDestroyNotify)riposte_archived_chat_free);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (JsonNode) root = NULL;
  JsonArray *array;

  if (length > RIPOSTE_ARCHIVE_MAX_SIZE)
    {
      g_set_error_literal (error, RIPOSTE_ARCHIVE_ERROR, RIPOSTE_ARCHIVE_ERROR_TOO_LARGE,
                           _ ("This file is too large to be read"));
      return NULL;
    }
  root = riposte_json_parse (text, length, MAX_VALUES, error);
  array = root ? check_format (root, error) : NULL;
  for (guint i = 0; array && i < json_array_get_length (array); i++)
    {
      RiposteArchivedChat *archived = riposte_archived_chat_new (
        g_new0 (RiposteChatRecord, 1), g_ptr_array_new_with_free_func ((GDestroyNotify)riposte_record_free));

      g_ptr_array_add (chats, archived);
      if (!read_chat (riposte_json_get_object_element (array, i), archived, seen, (Place){ i + 1, 0 }, error))
        return NULL;
    }
  return array ? g_steal_pointer (&chats) : NULL;
}
