/* The log of requests: a line when one begins, and one when it ends, so that none is missing where the process was
 * killed. Fields are separated by tabs. Several processes may write, each line in one go. */
#include "network/network-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Beyond the first, the older part is cut off down to the second. */
#define MAX_BYTES  (512 * 1024)
#define KEPT_BYTES (256 * 1024)

typedef struct
{
  char *line;                         /* to write, or */
  gboolean clear;                     /* to empty the log, or */
  RiposteNetworkLogCallback callback; /* to read it, or */
  gboolean *flushed;                  /* to tell that all before is done */
  gpointer user_data;
  GPtrArray *entries;
} Job;

static GMutex flush_lock;
static GCond flush_cond;

static void
job_free (gpointer data)
{
  Job *job = data;

  g_free (job->line);
  g_clear_pointer (&job->entries, g_ptr_array_unref);
  g_free (job);
}

/* ---- text ---- */

static void
entry_free (gpointer data)
{
  if (data)
    riposte_network_entry_free (data);
}

static RiposteNetworkEntry *
parse_begin (char **fields)
{
  RiposteNetworkEntry *entry = g_new0 (RiposteNetworkEntry, 1);

  entry->id = g_strdup (fields[1]);
  entry->time = g_ascii_strtoll (fields[2], NULL, 10);
  entry->purpose = g_strdup (fields[3]);
  entry->method = g_strdup (fields[4]);
  entry->url = g_strdup (fields[5]);
  entry->outcome = RIPOSTE_NETWORK_LOST;
  return entry;
}

static void
parse_end (RiposteNetworkEntry *entry, char **fields)
{
  guint64 outcome = g_ascii_strtoull (fields[2], NULL, 10);

  if (outcome > RIPOSTE_NETWORK_RUNNING && outcome <= RIPOSTE_NETWORK_LOST)
    entry->outcome = outcome;
  entry->status = g_ascii_strtoull (fields[3], NULL, 10);
  entry->sent = g_ascii_strtoull (fields[4], NULL, 10);
  entry->received = g_ascii_strtoull (fields[5], NULL, 10);
}

GPtrArray *
riposte_network_log_parse (const char *text, gsize length)
{
  GPtrArray *entries = g_ptr_array_new_with_free_func (entry_free);
  g_autoptr (GHashTable) by_id = g_hash_table_new (g_str_hash, g_str_equal);
  g_autofree char *valid = g_utf8_make_valid (text, length);
  g_auto (GStrv) lines = g_strsplit (valid, "\n", -1);

  for (guint i = 0; lines[i]; i++)
    {
      g_auto (GStrv) fields = g_strsplit (lines[i], "\t", -1);
      RiposteNetworkEntry *entry = NULL;

      if (g_strv_length (fields) != 6)
        continue;
      entry = g_hash_table_lookup (by_id, fields[1]);
      if (g_str_equal (fields[0], "begin") && !entry)
        {
          entry = parse_begin (fields);
          g_ptr_array_add (entries, entry);
          g_hash_table_insert (by_id, entry->id, entry);
        }
      else if (g_str_equal (fields[0], "end") && entry)
        parse_end (entry, fields);
    }
  return entries;
}

/* ---- file, in the queue's thread; that it cannot be written is no reason to refuse a request ---- */

static int
open_log (int flags)
{
  g_autofree char *dir = g_build_filename (g_get_user_state_dir (), "riposte", NULL);
  g_autofree char *path = g_build_filename (dir, "requests.log", NULL);
  int fd;

  if (flags & O_CREAT)
    g_mkdir_with_parents (dir, 0700);
  fd = open (path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd >= 0 && flock (fd, LOCK_EX) != 0)
    {
      close (fd);
      return -1;
    }
  return fd;
}

static gboolean
write_all (int fd, const char *text, gsize length)
{
  while (length)
    {
      gssize n = write (fd, text, length);

      if (n < 0 && errno != EINTR)
        return FALSE;
      if (n > 0)
        {
          text += n;
          length -= n;
        }
    }
  return TRUE;
}

static char *
read_from (int fd, off_t start, gsize length, gsize *n_read)
{
  char *text = g_malloc (length + 1);

  *n_read = 0;
  while (*n_read < length)
    {
      gssize n = pread (fd, text + *n_read, length - *n_read, start + *n_read);

      if (n == 0 || (n < 0 && errno != EINTR))
        break;
      *n_read += MAX (n, 0);
    }
  text[*n_read] = '\0';
  return text;
}

static void
cut_old (int fd, off_t size)
{
  gsize length;
  g_autofree char *text = read_from (fd, size - KEPT_BYTES, KEPT_BYTES, &length);
  const char *line = memchr (text, '\n', length);

  if (line && ftruncate (fd, 0) == 0)
    write_all (fd, line + 1, text + length - line - 1);
}

static void
append (const char *line)
{
  struct stat info;
  int fd = open_log (O_RDWR | O_APPEND | O_CREAT);

  if (fd < 0)
    return;
  if (fstat (fd, &info) == 0 && info.st_size > MAX_BYTES)
    cut_old (fd, info.st_size);
  write_all (fd, line, strlen (line));
  close (fd);
}

static void
empty (void)
{
  int fd = open_log (O_WRONLY);

  if (fd < 0)
    return;
  if (ftruncate (fd, 0) != 0)
    g_debug ("the log of requests cannot be emptied: %s", g_strerror (errno));
  close (fd);
}

static GPtrArray *
read_entries (void)
{
  struct stat info;
  gsize length = 0;
  int fd = open_log (O_RDONLY);
  g_autofree char *text = NULL;

  if (fd >= 0 && fstat (fd, &info) == 0)
    text = read_from (fd, MAX (0, info.st_size - 2 * MAX_BYTES), MIN (info.st_size, 2 * MAX_BYTES), &length);
  if (fd >= 0)
    close (fd);
  return riposte_network_log_parse (text ? text : "", length);
}

/* ---- queue ---- */

static gboolean
deliver (gpointer data)
{
  Job *job = data;

  job->callback (job->entries, job->user_data);
  return G_SOURCE_REMOVE;
}

static void
work (gpointer data, gpointer user_data)
{
  Job *job = data;

  if (job->callback)
    {
      job->entries = read_entries ();
      g_idle_add_full (G_PRIORITY_DEFAULT, deliver, job, job_free);
      return;
    }
  if (job->line)
    append (job->line);
  else if (job->clear)
    empty ();
  else if (job->flushed)
    {
      g_mutex_lock (&flush_lock);
      *job->flushed = TRUE;
      g_cond_signal (&flush_cond);
      g_mutex_unlock (&flush_lock);
    }
  job_free (job);
}

static void
push (const Job *job)
{
  static gsize pool;

  if (g_once_init_enter (&pool))
    g_once_init_leave (&pool, GPOINTER_TO_SIZE (g_thread_pool_new (work, NULL, 1, FALSE, NULL)));
  g_thread_pool_push (GSIZE_TO_POINTER (pool), g_memdup2 (job, sizeof *job), NULL);
}

void
riposte_network_log_begin (const RiposteNetworkEntry *entry)
{
  push (&(Job){ .line = g_strdup_printf ("begin\t%s\t%" G_GINT64_FORMAT "\t%s\t%s\t%s\n", entry->id, entry->time,
                                         entry->purpose, entry->method, entry->url) });
}

void
riposte_network_log_end (const RiposteNetworkEntry *entry)
{
  push (&(Job){ .line = g_strdup_printf ("end\t%s\t%d\t%u\t%" G_GUINT64_FORMAT "\t%" G_GUINT64_FORMAT "\n", entry->id,
                                         entry->outcome, entry->status, entry->sent, entry->received) });
}

void
riposte_network_log_clear (void)
{
  push (&(Job){ .clear = TRUE });
}

void
riposte_network_log_read (RiposteNetworkLogCallback callback, gpointer user_data)
{
  push (&(Job){ .callback = callback, .user_data = user_data });
}

void
riposte_network_log_flush (void)
{
  gboolean flushed = FALSE;

  push (&(Job){ .flushed = &flushed });
  g_mutex_lock (&flush_lock);
  while (!flushed)
    g_cond_wait (&flush_cond, &flush_lock);
  g_mutex_unlock (&flush_lock);
}
