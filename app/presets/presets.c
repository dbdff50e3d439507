#include "presets/presets.h"

#include "untrusted-json.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>

#define MAX_VALUES 100000

struct _RipostePresets
{
  GObject parent;

  char *path;
  GPtrArray *list; /* of RipostePreset */
  char *default_id;
  gboolean touched; /* what is read later is older */
  gboolean loaded;
  char *problem; /* nullable */

  GMutex lock;
  GCond idle;
  char *waiting;    /* with the lock: what is to be written next */
  gboolean writing; /* with the lock */
  gboolean aside;   /* with the lock: the file has what would be lost */
};

G_DEFINE_FINAL_TYPE (RipostePresets, riposte_presets, G_TYPE_OBJECT)

static guint changed_signal, problem_signal;

static void
preset_free (gpointer data)
{
  RipostePreset *preset = data;

  g_free (preset->id);
  g_free (preset->name);
  riposte_layer_free (preset->layer);
  g_free (preset);
}

static RipostePreset *
preset_new (const char *id, const char *name, RiposteLayer *layer)
{
  RipostePreset *preset = g_new (RipostePreset, 1);

  preset->id = id ? g_strdup (id) : g_uuid_string_random ();
  preset->name = g_strdup (name);
  preset->layer = layer;
  return preset;
}

/* ---- what goes wrong with the file ---- */

static void G_GNUC_PRINTF (2, 3) tell (RipostePresets *self, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_free (self->problem);
  self->problem = g_strdup_vprintf (format, args);
  va_end (args);
  g_signal_emit (self, problem_signal, 0);
}

typedef struct
{
  RipostePresets *self;
  char *aside;   /* the name that the old file has now */
  GError *error; /* or this */
} Report;

static void
report_free (gpointer data)
{
  Report *report = data;

  g_object_unref (report->self);
  g_free (report->aside);
  g_clear_error (&report->error);
  g_free (report);
}

static gboolean
deliver (gpointer data)
{
  const Report *report = data;

  if (report->error)
    tell (report->self, _ ("The presets could not be kept: %s"), report->error->message);
  else
    tell (report->self, _ ("The presets that could not be read are kept in “%s”"), report->aside);
  return G_SOURCE_REMOVE;
}

/* In any thread; takes @aside or @error. */
static void
queue_report (RipostePresets *self, char *aside, GError *error)
{
  Report *report = g_new (Report, 1);

  *report = (Report){ g_object_ref (self), aside, error };
  g_idle_add_full (G_PRIORITY_DEFAULT, deliver, report, report_free);
}

/* ---- the file ---- */

/* Gives what is there a name that nothing has. */
static gboolean
set_aside (RipostePresets *self, GError **error)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *date = g_date_time_format (now, "%Y%m%d-%H%M%S");
  g_autofree char *aside = g_strdup_printf ("%s.broken-%s", self->path, date);

  for (guint i = 2; g_file_test (aside, G_FILE_TEST_EXISTS); i++)
    {
      g_free (aside);
      aside = g_strdup_printf ("%s.broken-%s-%u", self->path, date, i);
    }
  if (g_rename (self->path, aside) == 0)
    queue_report (self, g_path_get_basename (aside), NULL);
  else if (errno != ENOENT)
    {
      g_set_error_literal (error, G_FILE_ERROR, g_file_error_from_errno (errno), g_strerror (errno));
      return FALSE;
    }
  return TRUE;
}

/* @aside: first that */
static gboolean
write_file (RipostePresets *self, const char *text, gboolean aside)
{
  GError *error = NULL;
  gboolean good = (!aside || set_aside (self, &error))
                  && g_file_set_contents_full (
                    self->path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, &error);

  if (!good)
    queue_report (self, NULL, error);
  return good;
}

static gpointer
write_in_thread (gpointer data)
{
  g_autoptr (RipostePresets) self = data;
  g_autofree char *folder = g_path_get_dirname (self->path);

  g_mkdir_with_parents (folder, 0700);
  g_mutex_lock (&self->lock);
  while (self->waiting)
    {
      g_autofree char *text = g_steal_pointer (&self->waiting);
      gboolean aside = self->aside, good;

      g_mutex_unlock (&self->lock);
      good = write_file (self, text, aside);
      g_mutex_lock (&self->lock);
      self->aside = self->aside && !good;
    }
  self->writing = FALSE;
  g_cond_broadcast (&self->idle);
  g_mutex_unlock (&self->lock);
  return NULL;
}

static JsonNode *
to_json (RipostePresets *self)
{
  g_autoptr (JsonObject) root = json_object_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonArray *array = json_array_new ();

  json_object_set_int_member (root, "version", 1);
  json_object_set_string_member (root, "default", self->default_id);
  for (guint i = 0; i < self->list->len; i++)
    {
      const RipostePreset *preset = self->list->pdata[i];
      JsonObject *object = json_object_new ();

      json_object_set_string_member (object, "id", preset->id);
      json_object_set_string_member (object, "name", preset->name);
      riposte_layer_to_json (preset->layer, object);
      json_array_add_object_element (array, object);
    }
  json_object_set_array_member (root, "presets", array);
  json_node_set_object (node, root);
  return node;
}

static void
changed (RipostePresets *self)
{
  self->touched = TRUE;
  if (self->path)
    {
      g_autoptr (JsonNode) node = to_json (self);

      g_mutex_lock (&self->lock);
      g_free (self->waiting);
      self->waiting = json_to_string (node, TRUE);
      if (!self->writing)
        {
          self->writing = TRUE;
          g_thread_unref (g_thread_new ("riposte-presets", write_in_thread, g_object_ref (self)));
        }
      g_mutex_unlock (&self->lock);
    }
  g_signal_emit (self, changed_signal, 0);
}

void
riposte_presets_flush (RipostePresets *self)
{
  g_mutex_lock (&self->lock);
  while (self->writing)
    g_cond_wait (&self->idle, &self->lock);
  g_mutex_unlock (&self->lock);
}

static void
take (RipostePresets *self, JsonObject *root)
{
  JsonArray *array = riposte_json_get_array (root, "presets");
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (preset_free);
  const char *id = riposte_json_get_string (root, "default");

  for (guint i = 0; array && i < json_array_get_length (array); i++)
    {
      JsonObject *object = riposte_json_get_object_element (array, i);
      const char *name = object ? riposte_json_get_string (object, "name") : NULL;

      if (name)
        g_ptr_array_add (list,
                         preset_new (riposte_json_get_string (object, "id"), name, riposte_layer_from_json (object)));
    }
  if (!list->len)
    return;
  g_clear_pointer (&self->list, g_ptr_array_unref);
  self->list = g_steal_pointer (&list);
  g_free (self->default_id);
  self->default_id = g_strdup (id ? id : ((RipostePreset *)self->list->pdata[0])->id);
  g_signal_emit (self, changed_signal, 0);
}

/* Whether nothing of the file would be lost if what was taken of it were written. */
static gboolean
take_all (RipostePresets *self, const char *text, gsize length, GError **error)
{
  g_autoptr (JsonNode) read = riposte_json_parse (text, length, MAX_VALUES, error), taken = NULL;

  if (!read)
    return FALSE;
  if (JSON_NODE_HOLDS_OBJECT (read))
    take (self, json_node_get_object (read));
  taken = to_json (self);
  if (json_node_equal (read, taken))
    return TRUE;
  g_set_error_literal (error, RIPOSTE_JSON_ERROR, RIPOSTE_JSON_ERROR_SYNTAX,
                       _ ("It has something that this version of Riposte does not know"));
  return FALSE;
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RipostePresets) self = user_data;
  g_autofree char *text = NULL;
  gsize length;
  g_autoptr (GError) error = NULL;
  gboolean good;

  self->loaded = TRUE;
  good = g_file_load_contents_finish (G_FILE (source), result, &text, &length, NULL, &error);
  if (self->touched) /* and the file has got out of the way */
    return;
  good = good ? take_all (self, text, length, &error) : g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_mutex_lock (&self->lock);
  self->aside = !good;
  g_mutex_unlock (&self->lock);
  if (!good)
    tell (self, _ ("The presets could not be read, and stay as they are until you change one: %s"), error->message);
}

gboolean
riposte_presets_get_loaded (RipostePresets *self)
{
  return self->loaded;
}

const char *
riposte_presets_get_problem (RipostePresets *self)
{
  return self->problem;
}

/* ---- what there is ---- */

guint
riposte_presets_get_n (RipostePresets *self)
{
  return self->list->len;
}

const RipostePreset *
riposte_presets_get (RipostePresets *self, guint index)
{
  return self->list->pdata[index];
}

static gboolean
find (RipostePresets *self, const char *id, guint *index)
{
  for (*index = 0; id && *index < self->list->len; (*index)++)
    if (g_str_equal (riposte_presets_get (self, *index)->id, id))
      return TRUE;
  return FALSE;
}

guint
riposte_presets_get_default (RipostePresets *self)
{
  guint index;

  return find (self, self->default_id, &index) ? index : 0;
}

guint
riposte_presets_find (RipostePresets *self, const char *id)
{
  guint index;

  return find (self, id, &index) ? index : riposte_presets_get_default (self);
}

void
riposte_presets_set_default (RipostePresets *self, guint index)
{
  g_free (self->default_id);
  self->default_id = g_strdup (riposte_presets_get (self, index)->id);
  changed (self);
}

guint
riposte_presets_add (RipostePresets *self, const char *name, const RiposteLayer *layer)
{
  g_ptr_array_add (self->list, preset_new (NULL, name, riposte_layer_copy (layer)));
  changed (self);
  return self->list->len - 1;
}

void
riposte_presets_change (RipostePresets *self, guint index, const char *name, const RiposteLayer *layer)
{
  RipostePreset *preset = self->list->pdata[index];

  if (name)
    {
      g_autofree char *old = preset->name;
      preset->name = g_strdup (name);
    }
  if (layer)
    {
      g_autoptr (RiposteLayer) old = preset->layer;
      preset->layer = riposte_layer_copy (layer);
    }
  changed (self);
}

void
riposte_presets_remove (RipostePresets *self, guint index)
{
  g_return_if_fail (self->list->len > 1);
  g_ptr_array_remove_index (self->list, index);
  changed (self);
}

/* ---- a chat's own ---- */

RiposteLayer *
riposte_chat_settings_read (const char *settings, char **preset)
{
  g_autoptr (JsonNode) node = settings ? riposte_json_parse (settings, strlen (settings), MAX_VALUES, NULL) : NULL;
  JsonObject *object = node && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;

  if (preset)
    *preset = object ? g_strdup (riposte_json_get_string (object, "preset")) : NULL;
  return object ? riposte_layer_from_json (object) : riposte_layer_new ();
}

char *
riposte_chat_settings_write (const RiposteLayer *layer, const char *preset)
{
  g_autoptr (JsonObject) object = json_object_new ();
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);

  if (preset)
    json_object_set_string_member (object, "preset", preset);
  riposte_layer_to_json (layer, object);
  json_node_set_object (node, object);
  return json_object_get_size (object) ? json_to_string (node, FALSE) : NULL;
}

/* ---- object ---- */

static void
riposte_presets_init (RipostePresets *self)
{
  RipostePreset *first = preset_new ("default", _ ("Default"), riposte_layer_new ());

  g_mutex_init (&self->lock);
  g_cond_init (&self->idle);
  self->list = g_ptr_array_new_with_free_func (preset_free);
  g_ptr_array_add (self->list, first);
  self->default_id = g_strdup (first->id);
}

static void
riposte_presets_finalize (GObject *object)
{
  RipostePresets *self = RIPOSTE_PRESETS (object);

  g_ptr_array_unref (self->list);
  g_free (self->default_id);
  g_free (self->path);
  g_free (self->problem);
  g_free (self->waiting);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->idle);
  G_OBJECT_CLASS (riposte_presets_parent_class)->finalize (object);
}

static void
riposte_presets_class_init (RipostePresetsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = riposte_presets_finalize;
  changed_signal
    = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  problem_signal
    = g_signal_new ("problem", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

RipostePresets *
riposte_presets_new (const char *path)
{
  RipostePresets *self = g_object_new (RIPOSTE_TYPE_PRESETS, NULL);
  g_autoptr (GFile) file = path ? g_file_new_for_path (path) : NULL;

  self->path = g_strdup (path);
  self->aside = TRUE; /* as long as it is not known what the file has */
  self->loaded = !file;
  if (file)
    g_file_load_contents_async (file, NULL, on_read, g_object_ref (self));
  return self;
}
