/* Files and waiting, for the tests of the editor. */
#pragma once

#include "riposte-document.h"

/* Temporary files of one case; removed with it. */
typedef struct
{
  char *folder;
} Fixture;

void fixture_set_up (Fixture *fixture, gconstpointer data);
void fixture_tear_down (Fixture *fixture, gconstpointer data);

/* A file of @length bytes (-1: up to the zero). */
GFile *write_file (Fixture *fixture, const char *name, const char *content, gssize length);
GFile *file_of (Fixture *fixture, const char *name);
GBytes *read_file (GFile *file);
/* As bytes; a failure shows both escaped. */
void assert_file_is (GFile *file, const char *content, gssize length);

/* Runs the main loop until @done; more than a minute of it fails the test. */
void wait_until (gboolean (*done) (gpointer), gpointer data);

gboolean load (RiposteDocument *document, GFile *file, GError **error);
gboolean save (RiposteDocument *document, GFile *file, RiposteSaveFlags flags, GError **error);
char *text_of (gpointer buffer);
void assert_text_is (gpointer buffer, const char *text);
