/* The editor pane in a window of its own, for the tests of what it does. */
#pragma once

#include "editor-helpers.h"

#include "riposte-editor-private.h"

typedef struct
{
  Fixture files;
  GtkWidget *window;
  RiposteEditor *editor;
} Pane;

typedef struct
{
  RiposteEditor *editor;
  const char *title;
} PaneWanted;

typedef struct
{
  const char *path; /* below /editor */
  void (*run) (Pane *pane, gconstpointer data);
} PaneCase;

/* What main() does: runs @cases, each with a pane of its own, and fails where something keeps that alive. */
int pane_run (int argc, char **argv, const PaneCase *cases, gsize n_cases);

/* Of a PaneWanted, for wait_until(): the page of this title is shown, and has its text or its failure. */
gboolean pane_has_title (gpointer wanted);
void open_and_wait (Pane *pane, GFile *file);
void activate (Pane *pane, const char *action);
void assert_page_is (Pane *pane, const char *text);

/* The question that is open; NULL: none is. */
AdwMessageDialog *find_dialog (void);
void answer (const char *response);
/* Answers with @response; NULL: nothing is asked. Returns: 1 for closed, -1 for not */
int close_all (Pane *pane, const char *response);
