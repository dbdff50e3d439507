#include "generate/problem.h"

#include <glib/gi18n.h>

static const struct
{
  int code; /* of RP_ERROR */
  RiposteProblem problem;
} problems[] = {
  { RP_ERROR_IO, { N_ ("The Model Cannot Be Read"), NULL, TRUE, FALSE } },
  { RP_ERROR_FORMAT,
    { N_ ("This Is No Usable Model File"), N_ ("If it was downloaded, the download may not have come to its end."),
      TRUE, FALSE } },
  { RP_ERROR_UNSUPPORTED,
    { N_ ("This Model Is Not Supported"), N_ ("Riposte cannot run models of this kind yet."), FALSE, FALSE } },
  { RP_ERROR_TEMPLATE,
    { N_ ("This Model Cannot Hold a Conversation"),
      N_ ("A model that was made for chatting has “instruct” or “chat” in its name."), FALSE, FALSE } },
  { RP_ERROR_MEMORY,
    { N_ ("There Is Not Enough Memory"), N_ ("Close other programs, or choose a smaller model."), TRUE, TRUE } },
  { RP_ERROR_DEVICE, { N_ ("The Device Cannot Be Used"), NULL, TRUE, TRUE } },
};

RiposteProblem
riposte_problem_describe (const GError *error)
{
  RiposteProblem problem = { _ ("The Model Cannot Be Loaded"), NULL, TRUE, FALSE };

  if (!error || error->domain != RP_ERROR)
    return problem;
  for (gsize i = 0; i < G_N_ELEMENTS (problems); i++)
    if (problems[i].code == error->code)
      {
        problem = problems[i].problem;
        problem.title = _ (problem.title);
        problem.advice = problem.advice ? _ (problem.advice) : NULL;
      }
  return problem;
}
