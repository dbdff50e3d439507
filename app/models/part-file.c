#include "models/part-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define GROUP      "download"
#define NEW_SUFFIX ".new"
#define SYNC_EVERY (64u << 20) /* bytes: what a power cut may cost */
#define RESERVE    (64u << 20) /* bytes left to all others on the disk */
#define BLOCK      (1u << 20)

struct _RipostePartFile
{
  char *final, *path, *info;
  int fd;
  guint64 length, synced;
  GChecksum *hash; /* of the first `hashed` bytes */
  guint64 hashed;
  RipostePartSource source;
};

GQuark
riposte_download_error_quark (void)
{
  return g_quark_from_static_string ("riposte-download-error");
}

void
riposte_part_source_clear (RipostePartSource *source)
{
  g_clear_pointer (&source->url, g_free);
  g_clear_pointer (&source->validator, g_free);
  g_clear_pointer (&source->sha256, g_free);
  source->size = 0;
}

static void
source_copy (RipostePartSource *to, const RipostePartSource *from)
{
  RipostePartSource copy = { g_strdup (from->url), g_strdup (from->validator), g_strdup (from->sha256), from->size };

  riposte_part_source_clear (to);
  *to = copy;
}

/* ---- errors ---- */

static gboolean
fail (GError **error, const char *path, int code)
{
  gboolean full = code == ENOSPC || code == EDQUOT || code == EFBIG;
  g_autofree char *name = g_filename_display_basename (path);

  g_set_error (error, RIPOSTE_DOWNLOAD_ERROR, full ? RIPOSTE_DOWNLOAD_ERROR_SPACE : RIPOSTE_DOWNLOAD_ERROR_DISK,
               /* Translators: the name of a file, and what the system says about it */
               _ ("“%s” cannot be written: %s"), name, g_strerror (code));
  return FALSE;
}

/* ---- what is remembered ---- */

/* It changes with each start of the machine: what was written before without reaching the disk may be lost. */
static char *
read_boot_id (void)
{
  g_autofree char *id = NULL;

  if (!g_file_get_contents ("/proc/sys/kernel/random/boot_id", &id, NULL, NULL))
    return g_strdup ("");
  return g_strdup (g_strstrip (id));
}

/* In one step, and under one name, so that a kill leaves nothing behind but what the next start takes up. */
static gboolean
replace_file (const char *path, const char *text, gsize length, GError **error)
{
  g_autofree char *fresh = g_strconcat (path, NEW_SUFFIX, NULL);
  int fd = g_open (fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
  gboolean good;
  int code;

  if (fd < 0)
    return fail (error, fresh, errno);
  errno = ENOSPC;
  good = write (fd, text, length) == (gssize)length && fdatasync (fd) == 0;
  code = errno;
  close (fd);
  if (good && g_rename (fresh, path) == 0)
    return TRUE;
  g_unlink (fresh);
  return fail (error, path, good ? errno : code);
}

static gboolean
save_info (RipostePartFile *self, GError **error)
{
  g_autoptr (GKeyFile) keys = g_key_file_new ();
  g_autofree char *boot = read_boot_id (), *text = NULL;
  gsize length;

  g_key_file_set_string (keys, GROUP, "url", self->source.url);
  if (self->source.validator)
    g_key_file_set_string (keys, GROUP, "validator", self->source.validator);
  if (self->source.sha256)
    g_key_file_set_string (keys, GROUP, "sha256", self->source.sha256);
  g_key_file_set_uint64 (keys, GROUP, "size", self->source.size);
  g_key_file_set_uint64 (keys, GROUP, "synced", self->synced);
  g_key_file_set_string (keys, GROUP, "boot", boot);
  text = g_key_file_to_data (keys, &length, NULL);
  return replace_file (self->info, text, length, error);
}

/* *synced: how much of the part is sure to be what was received. */
static gboolean
load_info (const char *info, RipostePartSource *source, guint64 *synced)
{
  g_autoptr (GKeyFile) keys = g_key_file_new ();
  g_autofree char *boot = NULL, *boot_now = read_boot_id ();

  if (!g_key_file_load_from_file (keys, info, G_KEY_FILE_NONE, NULL))
    return FALSE;
  source->url = g_key_file_get_string (keys, GROUP, "url", NULL);
  source->validator = g_key_file_get_string (keys, GROUP, "validator", NULL);
  source->sha256 = g_key_file_get_string (keys, GROUP, "sha256", NULL);
  source->size = g_key_file_get_uint64 (keys, GROUP, "size", NULL);
  boot = g_key_file_get_string (keys, GROUP, "boot", NULL);
  *synced
    = g_strcmp0 (boot, boot_now) == 0 && *boot_now ? G_MAXUINT64 : g_key_file_get_uint64 (keys, GROUP, "synced", NULL);
  return source->url != NULL;
}

gboolean
riposte_part_file_peek (const char *final_path, RipostePartSource *source, guint64 *length)
{
  g_autofree char *path = g_strconcat (final_path, RIPOSTE_PART_SUFFIX, NULL);
  g_autofree char *info = g_strconcat (final_path, RIPOSTE_PART_INFO_SUFFIX, NULL);
  guint64 synced;
  GStatBuf status;

  *source = (RipostePartSource){ 0 };
  if (g_stat (path, &status) != 0 || !S_ISREG (status.st_mode) || !load_info (info, source, &synced))
    {
      riposte_part_source_clear (source);
      return FALSE;
    }
  *length = status.st_size;
  return TRUE;
}

/* ---- open and close ---- */

/* Locks the file that has the name now: whoever held it before may have given it another one, or removed it. */
static gboolean
take (RipostePartFile *self, GError **error)
{
  struct stat mine, named;

  for (int tries = 0; tries < 10; tries++)
    {
      self->fd = g_open (self->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
      if (self->fd < 0)
        return fail (error, self->path, errno);
      if (flock (self->fd, LOCK_EX | LOCK_NB) != 0)
        break;
      if (fstat (self->fd, &mine) == 0 && S_ISREG (mine.st_mode) && stat (self->path, &named) == 0
          && mine.st_ino == named.st_ino && mine.st_dev == named.st_dev)
        {
          self->length = mine.st_size;
          return TRUE;
        }
      close (self->fd);
      self->fd = -1;
    }
  g_set_error_literal (error, RIPOSTE_DOWNLOAD_ERROR, RIPOSTE_DOWNLOAD_ERROR_BUSY,
                       _ ("Another program is fetching this file"));
  return FALSE;
}

static gboolean
check_name_is_free (RipostePartFile *self, GError **error)
{
  g_autofree char *name = g_filename_display_basename (self->final);

  if (!g_file_test (self->final, G_FILE_TEST_EXISTS | G_FILE_TEST_IS_SYMLINK))
    return TRUE;
  g_set_error (error, RIPOSTE_DOWNLOAD_ERROR, RIPOSTE_DOWNLOAD_ERROR_EXISTS, _ ("There is a file “%s” already"), name);
  return FALSE;
}

static gboolean
truncate_to (RipostePartFile *self, guint64 length, GError **error)
{
  if (ftruncate (self->fd, length) != 0)
    return fail (error, self->path, errno);
  self->length = length;
  self->synced = MIN (self->synced, length);
  if (self->hashed > length)
    {
      g_checksum_reset (self->hash);
      self->hashed = 0;
    }
  return TRUE;
}

RipostePartFile *
riposte_part_file_open (const char *final_path, GError **error)
{
  g_autoptr (RipostePartFile) self = g_new0 (RipostePartFile, 1);
  g_autofree char *folder = g_path_get_dirname (final_path);

  self->fd = -1;
  self->final = g_strdup (final_path);
  self->path = g_strconcat (final_path, RIPOSTE_PART_SUFFIX, NULL);
  self->info = g_strconcat (final_path, RIPOSTE_PART_INFO_SUFFIX, NULL);
  self->hash = g_checksum_new (G_CHECKSUM_SHA256);
  if (g_mkdir_with_parents (folder, 0755) != 0)
    {
      fail (error, folder, errno);
      return NULL;
    }
  if (!check_name_is_free (self, error) || !take (self, error))
    return NULL;
  if (!load_info (self->info, &self->source, &self->synced))
    riposte_part_source_clear (&self->source);
  if (self->source.url && self->synced < self->length && !truncate_to (self, self->synced, error))
    return NULL;
  self->synced = MIN (self->synced, self->length);
  return g_steal_pointer (&self);
}

void
riposte_part_file_close (RipostePartFile *self)
{
  if (self->fd >= 0)
    close (self->fd);
  riposte_part_source_clear (&self->source);
  g_checksum_free (self->hash);
  g_free (self->final);
  g_free (self->path);
  g_free (self->info);
  g_free (self);
}

static void
remove_info (RipostePartFile *self)
{
  g_autofree char *fresh = g_strconcat (self->info, NEW_SUFFIX, NULL);

  g_unlink (self->info);
  g_unlink (fresh);
}

void
riposte_part_file_discard (RipostePartFile *self)
{
  remove_info (self);
  g_unlink (self->path);
  riposte_part_file_close (self);
}

guint64
riposte_part_file_get_length (RipostePartFile *self)
{
  return self->length;
}

const RipostePartSource *
riposte_part_file_get_source (RipostePartFile *self)
{
  return &self->source;
}

gboolean
riposte_part_file_set_source (RipostePartFile *self, const RipostePartSource *source, GError **error)
{
  source_copy (&self->source, source);
  return save_info (self, error);
}

/* ---- content ---- */

gboolean
riposte_part_file_hash (RipostePartFile *self,
                        void (*progress) (guint64 done, gpointer user_data),
                        gpointer user_data,
                        GCancellable *cancellable,
                        GError **error)
{
  g_autofree guint8 *block = g_malloc (BLOCK);

  while (self->hashed < self->length)
    {
      gssize n = pread (self->fd, block, MIN (BLOCK, self->length - self->hashed), self->hashed);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return fail (error, self->path, errno);
      if (n == 0) /* somebody cut it off */
        return truncate_to (self, self->hashed, error);
      g_checksum_update (self->hash, block, n);
      self->hashed += n;
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      if (progress)
        progress (self->hashed, user_data);
    }
  return TRUE;
}

gboolean
riposte_part_file_restart (RipostePartFile *self, GError **error)
{
  return truncate_to (self, 0, error);
}

/* After a power cut the file begins with what the information beside it says. */
static gboolean
synchronize (RipostePartFile *self, GError **error)
{
  if (fdatasync (self->fd) != 0)
    return fail (error, self->path, errno);
  self->synced = self->length;
  return !self->source.url || save_info (self, error);
}

gboolean
riposte_part_file_append (RipostePartFile *self, const void *data, gsize length, GError **error)
{
  const guint8 *bytes = data;

  while (length > 0)
    {
      gssize n = pwrite (self->fd, bytes, length, self->length);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return fail (error, self->path, n < 0 ? errno : ENOSPC);
      g_assert (self->hashed == self->length);
      g_checksum_update (self->hash, bytes, n);
      self->length += n;
      self->hashed += n;
      bytes += n;
      length -= n;
    }
  return self->length - self->synced < SYNC_EVERY || synchronize (self, error);
}

gboolean
riposte_part_file_check_space (RipostePartFile *self, guint64 more, GError **error)
{
  struct statvfs disk;
  guint64 available;

  if (fstatvfs (self->fd, &disk) != 0)
    return TRUE; /* then writing will tell */
  available = (guint64)disk.f_bavail * disk.f_frsize;
  if (available >= RESERVE && available - RESERVE >= more)
    return TRUE;
  g_autofree char *needed = g_format_size (more);
  g_autofree char *free_size = g_format_size (available > RESERVE ? available - RESERVE : 0);
  g_set_error (error, RIPOSTE_DOWNLOAD_ERROR, RIPOSTE_DOWNLOAD_ERROR_SPACE,
               /* Translators: sizes, "4.7 GB" */
               _ ("There is not enough room on the disk: %s are needed, and %s are free"), needed, free_size);
  return FALSE;
}

/* ---- the end ---- */

/* NULL where the content is right, else what is wrong with it. */
static char *
find_fault (RipostePartFile *self)
{
  char magic[4];

  if (self->source.size && self->length != self->source.size)
    {
      g_autofree char *has = g_format_size_full (self->length, G_FORMAT_SIZE_LONG_FORMAT);
      g_autofree char *wanted = g_format_size_full (self->source.size, G_FORMAT_SIZE_LONG_FORMAT);
      /* Translators: sizes, "4.7 GB (4,683,073,952 bytes)" */
      return g_strdup_printf (_ ("What came has %s, not %s"), has, wanted);
    }
  if (pread (self->fd, magic, sizeof magic, 0) != sizeof magic || memcmp (magic, "GGUF", sizeof magic) != 0)
    return g_strdup (_ ("What came is no GGUF file"));
  if (self->source.sha256 && g_strcmp0 (g_checksum_get_string (self->hash), self->source.sha256) != 0)
    return g_strdup (_ ("What came is not the file that was published: its SHA-256 differs"));
  return NULL;
}

static void
synchronize_folder (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  int fd = g_open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);

  if (fd >= 0)
    {
      fsync (fd);
      close (fd);
    }
}

/* Never over a file that is there. Not every file system can promise that in one step. */
static gboolean
rename_to_final (RipostePartFile *self, GError **error)
{
  if (renameat2 (AT_FDCWD, self->path, AT_FDCWD, self->final, RENAME_NOREPLACE) == 0)
    return TRUE;
  if (errno != EINVAL && errno != ENOSYS && errno != EEXIST)
    return fail (error, self->final, errno);
  if (!check_name_is_free (self, error))
    return FALSE;
  return g_rename (self->path, self->final) == 0 || fail (error, self->final, errno);
}

gboolean
riposte_part_file_finish (RipostePartFile *self, GError **error)
{
  g_autofree char *fault = NULL;

  if (!riposte_part_file_hash (self, NULL, NULL, NULL, error))
    return FALSE;
  fault = find_fault (self);
  if (fault)
    {
      g_set_error_literal (error, RIPOSTE_DOWNLOAD_ERROR, RIPOSTE_DOWNLOAD_ERROR_WRONG_FILE, fault);
      truncate_to (self, 0, NULL);
      return FALSE;
    }
  if (fsync (self->fd) != 0)
    return fail (error, self->path, errno);
  if (!rename_to_final (self, error))
    return FALSE;
  remove_info (self);
  synchronize_folder (self->final);
  return TRUE;
}
