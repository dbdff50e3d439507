/* What the composer's files share: composer.c (the question), composer-attach.c (what goes with it), mention.c (names
 * that begin with an @). */
#pragma once

#include "chat/attachment-bar.h"
#include "chat/composer.h"
#include "chat/mention.h"

G_BEGIN_DECLS

struct _RiposteComposer
{
  GtkBox parent;

  GtkTextView *view;
  GtkTextBuffer *buffer;
  GtkLabel *placeholder, *problem;
  GtkStack *buttons;
  GtkButton *send, *stop;
  GtkMenuButton *attach;
  RiposteAttachmentBar *attachments;
  gboolean can_send, busy;
  gboolean preediting; /* an input method is composing a word */

  RiposteGenerator *generator;
  RiposteEditor *editor;
  RiposteMention *mention;
};

void riposte_composer_install_attach_actions (GtkWidgetClass *klass);
void riposte_composer_set_up_attaching (RiposteComposer *self);
/* Returns: it was taken. What is being written stays. */
gboolean riposte_composer_send (RiposteComposer *self, const char *question);
/* NULL: there is none. */
void riposte_composer_show_problem (RiposteComposer *self, const char *problem);

G_END_DECLS
