#include "faulty-disk.h"

#include <sqlite3.h>
#include <string.h>

#define SECTOR 512

typedef struct
{
  sqlite3_file base;
  sqlite3_file *real; /* behind this */
  char *name;
} File;

typedef enum
{
  WRITE,
  TRUNCATE,
  SYNC,
  DELETE,
} NoteKind;

/* What was done to the file of this name. */
typedef struct
{
  NoteKind kind;
  char *name;
  gint64 offset; /* of TRUNCATE: the size */
  GBytes *bytes; /* of WRITE */
} Note;

static sqlite3_vfs *usual;

static GMutex lock; /* for all that follows */
static FaultyDiskKind kind;
static guint countdown, n_failed;
static gboolean stays;
static GPtrArray *notes;

/* ---- failing ---- */

static gboolean
fails (gboolean writes)
{
  gboolean failed = FALSE;

  g_mutex_lock (&lock);
  if (countdown && (writes || kind == FAULTY_DISK_BROKEN))
    {
      failed = countdown == 1;
      if (countdown > 1)
        countdown--;
      else if (!stays)
        countdown = 0;
      n_failed += failed;
    }
  g_mutex_unlock (&lock);
  return failed;
}

void
faulty_disk_fail (FaultyDiskKind new_kind, guint nth, gboolean new_stays)
{
  g_mutex_lock (&lock);
  kind = new_kind;
  countdown = nth;
  stays = new_stays;
  if (nth)
    n_failed = 0;
  g_mutex_unlock (&lock);
}

guint
faulty_disk_get_n_failed (void)
{
  guint n;

  g_mutex_lock (&lock);
  n = n_failed;
  g_mutex_unlock (&lock);
  return n;
}

/* ---- noting ---- */

static void
note_free (gpointer data)
{
  Note *note = data;

  g_free (note->name);
  g_clear_pointer (&note->bytes, g_bytes_unref);
  g_free (note);
}

static void
add_note (NoteKind note_kind, const char *path, gint64 offset, const void *data, int n)
{
  g_mutex_lock (&lock);
  if (notes && path)
    {
      Note *note = g_new0 (Note, 1);

      *note = (Note){ note_kind, g_path_get_basename (path), offset, data ? g_bytes_new (data, (gsize)n) : NULL };
      g_ptr_array_add (notes, note);
    }
  g_mutex_unlock (&lock);
}

void
faulty_disk_record (void)
{
  g_mutex_lock (&lock);
  g_clear_pointer (&notes, g_ptr_array_unref);
  notes = g_ptr_array_new_with_free_func (note_free);
  g_mutex_unlock (&lock);
}

guint
faulty_disk_get_position (void)
{
  guint n;

  g_mutex_lock (&lock);
  n = notes->len;
  g_mutex_unlock (&lock);
  return n;
}

/* ---- losing power ---- */

static void
apply_bytes (GByteArray *content, gsize offset, const guint8 *data, gsize n)
{
  gsize old = content->len;

  if (content->len < offset + n)
    {
      g_byte_array_set_size (content, (guint)(offset + n));
      memset (content->data + old, 0, content->len - old);
    }
  memcpy (content->data + offset, data, n);
}

/* @random: NULL where all of it is there. */
static void
apply (const Note *note, GByteArray *content, GRand *random)
{
  gsize n = 0;
  const guint8 *data = note->bytes ? g_bytes_get_data (note->bytes, &n) : NULL;

  if (note->kind == TRUNCATE && (!random || g_rand_boolean (random)))
    g_byte_array_set_size (content, MIN (content->len, (guint)note->offset));
  for (gsize at = 0; note->kind == WRITE && at < n; at += SECTOR)
    if (!random || g_rand_boolean (random))
      apply_bytes (content, (gsize)note->offset + at, data + at, MIN (SECTOR, n - at));
}

static GByteArray *
remains_of (const char *name, guint position, GRand *random)
{
  GByteArray *content = g_byte_array_new ();
  guint synced = 0;

  for (guint i = 0; i < position; i++)
    {
      const Note *note = notes->pdata[i];
      if (note->kind == SYNC && strcmp (note->name, name) == 0)
        synced = i;
    }
  for (guint i = 0; i < position; i++)
    {
      const Note *note = notes->pdata[i];

      if (strcmp (note->name, name) != 0)
        continue;
      if (note->kind == DELETE)
        g_byte_array_set_size (content, 0);
      else
        apply (note, content, i < synced ? NULL : random);
    }
  return content;
}

void
faulty_disk_lose_power (guint position, GRand *random, const char *folder)
{
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);
  GHashTableIter iter;
  gpointer name;

  g_mutex_lock (&lock);
  for (guint i = 0; i < position; i++)
    g_hash_table_add (names, ((Note *)notes->pdata[i])->name);
  g_hash_table_iter_init (&iter, names);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    {
      g_autoptr (GByteArray) content = remains_of (name, position, random);
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (content->len)
        g_assert_true (g_file_set_contents (path, (const char *)content->data, content->len, NULL));
    }
  g_mutex_unlock (&lock);
}

/* ---- a file ---- */

#define REAL(file) (((File *)(file))->real)

static int
close_file (sqlite3_file *file)
{
  File *self = (File *)file;
  int code = self->real->pMethods ? self->real->pMethods->xClose (self->real) : SQLITE_OK;

  g_free (self->name);
  return code;
}

static int
read_file (sqlite3_file *file, void *data, int n, sqlite3_int64 offset)
{
  return fails (FALSE) ? SQLITE_IOERR_READ : REAL (file)->pMethods->xRead (REAL (file), data, n, offset);
}

static int
write_file (sqlite3_file *file, const void *data, int n, sqlite3_int64 offset)
{
  if (fails (TRUE))
    return kind == FAULTY_DISK_FULL ? SQLITE_FULL : SQLITE_IOERR_WRITE;
  add_note (WRITE, ((File *)file)->name, offset, data, n);
  return REAL (file)->pMethods->xWrite (REAL (file), data, n, offset);
}

static int
truncate_file (sqlite3_file *file, sqlite3_int64 size)
{
  if (fails (FALSE))
    return SQLITE_IOERR_TRUNCATE;
  add_note (TRUNCATE, ((File *)file)->name, size, NULL, 0);
  return REAL (file)->pMethods->xTruncate (REAL (file), size);
}

static int
sync_file (sqlite3_file *file, int flags)
{
  if (fails (TRUE))
    return SQLITE_IOERR_FSYNC;
  add_note (SYNC, ((File *)file)->name, 0, NULL, 0);
  return SQLITE_OK;
}

static int
get_size (sqlite3_file *file, sqlite3_int64 *size)
{
  return REAL (file)->pMethods->xFileSize (REAL (file), size);
}

static int
lock_file (sqlite3_file *file, int level)
{
  return REAL (file)->pMethods->xLock (REAL (file), level);
}

static int
unlock_file (sqlite3_file *file, int level)
{
  return REAL (file)->pMethods->xUnlock (REAL (file), level);
}

static int
is_reserved (sqlite3_file *file, int *reserved)
{
  return REAL (file)->pMethods->xCheckReservedLock (REAL (file), reserved);
}

static int
control (sqlite3_file *file, int operation, void *argument)
{
  return REAL (file)->pMethods->xFileControl (REAL (file), operation, argument);
}

static int
get_sector_size (sqlite3_file *file)
{
  return REAL (file)->pMethods->xSectorSize (REAL (file));
}

static int
get_characteristics (sqlite3_file *file)
{
  return REAL (file)->pMethods->xDeviceCharacteristics (REAL (file));
}

static int
map_shared (sqlite3_file *file, int page, int size, int extend, void volatile **memory)
{
  return fails (TRUE) ? SQLITE_IOERR_SHMMAP : REAL (file)->pMethods->xShmMap (REAL (file), page, size, extend, memory);
}

static int
lock_shared (sqlite3_file *file, int offset, int n, int flags)
{
  return REAL (file)->pMethods->xShmLock (REAL (file), offset, n, flags);
}

static void
order_shared (sqlite3_file *file)
{
  REAL (file)->pMethods->xShmBarrier (REAL (file));
}

static int
unmap_shared (sqlite3_file *file, int delete)
{
  return REAL (file)->pMethods->xShmUnmap (REAL (file), delete);
}

static const sqlite3_io_methods methods = {
  .iVersion = 2,
  .xClose = close_file,
  .xRead = read_file,
  .xWrite = write_file,
  .xTruncate = truncate_file,
  .xSync = sync_file,
  .xFileSize = get_size,
  .xLock = lock_file,
  .xUnlock = unlock_file,
  .xCheckReservedLock = is_reserved,
  .xFileControl = control,
  .xSectorSize = get_sector_size,
  .xDeviceCharacteristics = get_characteristics,
  .xShmMap = map_shared,
  .xShmLock = lock_shared,
  .xShmBarrier = order_shared,
  .xShmUnmap = unmap_shared,
};

/* ---- the disk ---- */

static int
open_file (sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
  File *self = (File *)file;
  int code;

  self->base.pMethods = NULL;
  if (fails (FALSE))
    return SQLITE_CANTOPEN;
  self->real = (sqlite3_file *)(self + 1);
  code = usual->xOpen (usual, name, self->real, flags, out_flags);
  if (code != SQLITE_OK)
    return code;
  self->name = g_strdup (name);
  self->base.pMethods = &methods;
  return SQLITE_OK;
}

static int
delete_file (sqlite3_vfs *vfs, const char *name, int sync)
{
  if (fails (FALSE))
    return SQLITE_IOERR_DELETE;
  add_note (DELETE, name, 0, NULL, 0);
  return usual->xDelete (usual, name, 0);
}

void
faulty_disk_install (void)
{
  static sqlite3_vfs vfs;

  usual = sqlite3_vfs_find (NULL);
  vfs = *usual; /* its other functions do not ask whose they are */
  vfs.zName = "faulty";
  vfs.szOsFile = (int)sizeof (File) + usual->szOsFile;
  vfs.xOpen = open_file;
  vfs.xDelete = delete_file;
  g_assert_cmpint (sqlite3_vfs_register (&vfs, TRUE), ==, SQLITE_OK);
}
