#include "models/small-file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

char *
riposte_small_file_read (const char *path, gsize max_bytes, gsize *length)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* which a pipe heeds, and a file does not */
  g_autofree char *text = NULL;
  struct stat status;
  gsize n = 0;
  gssize more = 1;

  if (fd < 0)
    return NULL;
  if (fstat (fd, &status) == 0 && S_ISREG (status.st_mode) && (guint64)status.st_size <= max_bytes)
    {
      text = g_malloc ((gsize)status.st_size + 1);
      while (more != 0 && n < (gsize)status.st_size)
        {
          more = read (fd, text + n, (gsize)status.st_size - n);
          if (more < 0 && errno != EINTR)
            break;
          n += more > 0 ? (gsize)more : 0;
        }
      text[n] = '\0';
    }
  close (fd);
  if (length)
    *length = n;
  return g_steal_pointer (&text);
}
