/* The disk below SQLite, to fail and to lose power: a VFS in front of the usual one. Of any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* From now on it is what SQLite uses. Its fsync costs nothing. */
void faulty_disk_install (void);

typedef enum
{
  FAULTY_DISK_BROKEN, /* whatever is asked of it is an error */
  FAULTY_DISK_FULL,   /* only what would write is */
} FaultyDiskKind;

/* The @nth operation from now on fails, and all that follow where it @stays so; 0 heals it. */
void faulty_disk_fail (FaultyDiskKind kind, guint nth, gboolean stays);
/* How many operations failed since. */
guint faulty_disk_get_n_failed (void);

/* Begins to note what is written, and how much of it a disk has. */
void faulty_disk_record (void);
guint faulty_disk_get_position (void);
/* Makes in @folder what files remain when the power goes at @position: what was synced by then, and of the rest what
 * @random says, in sectors. */
void faulty_disk_lose_power (guint position, GRand *random, const char *folder);

G_END_DECLS
