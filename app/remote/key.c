#include "remote/key.h"

#include "remote/remote-error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define MAX_LENGTH 8192

struct _RiposteRemoteKey
{
  grefcount refs;
  gsize size; /* of the mapping */
  char *text;
};

static gboolean
is_good (const char *text)
{
  gsize n = strlen (text);

  for (gsize i = 0; i < n; i++)
    if (text[i] <= ' ' || text[i] > '~')
      return FALSE;
  return n > 0 && n <= MAX_LENGTH;
}

/* Pages of its own, kept out of swap where the limit allows it, and out of core dumps. */
static char *
map_pages (gsize size)
{
  char *pages = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (pages == MAP_FAILED)
    return NULL;
  mlock (pages, size);
  madvise (pages, size, MADV_DONTDUMP);
  return pages;
}

/* Others copy the key on its way, libsoup first of all, so no memory of this process is dumped from now on: the kernel
 * writes no core, and one that root asks for (gcore) heeds the filter and has no memory in it. The filter goes first: a
 * process that cannot be dumped may not write its own. */
static void
stay_out_of_cores (void)
{
  int fd = open ("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);

  if (fd >= 0)
    {
      if (write (fd, "0", 1) != 1)
        g_debug ("coredump_filter: %s", g_strerror (errno));
      close (fd);
    }
  prctl (PR_SET_DUMPABLE, 0, 0, 0, 0);
}

RiposteRemoteKey *
riposte_remote_key_new (char *text, GError **error)
{
  RiposteRemoteKey *key = NULL;
  gsize size = strlen (text) + 1;
  gboolean good = is_good (text);
  char *pages;

  stay_out_of_cores ();
  pages = good ? map_pages (size) : NULL;
  if (pages)
    {
      key = g_new0 (RiposteRemoteKey, 1);
      g_ref_count_init (&key->refs);
      key->size = size;
      key->text = memcpy (pages, text, size);
    }
  else
    g_set_error_literal (error, RIPOSTE_REMOTE_ERROR, RIPOSTE_REMOTE_ERROR_KEY,
                         good ? g_strerror (ENOMEM)
                              : _ ("The key cannot be one: it is empty or too long, or has a space, a line break or "
                                   "another character that no key has"));
  explicit_bzero (text, size);
  return key;
}

RiposteRemoteKey *
riposte_remote_key_ref (RiposteRemoteKey *key)
{
  g_ref_count_inc (&key->refs);
  return key;
}

void
riposte_remote_key_unref (RiposteRemoteKey *key)
{
  if (!g_ref_count_dec (&key->refs))
    return;
  explicit_bzero (key->text, key->size);
  munmap (key->text, key->size);
  g_free (key);
}

const char *
riposte_remote_key_get_text (RiposteRemoteKey *key)
{
  return key->text;
}

RiposteRemoteKey *
riposte_remote_key_take_from_environment (const char *name, GError **error)
{
  /* the very bytes that /proc/PID/environ shows */
  char *value = (char *)g_getenv (name);
  RiposteRemoteKey *key;

  if (!value || !*value)
    return NULL;
  key = riposte_remote_key_new (value, error);
  g_unsetenv (name);
  return key;
}
