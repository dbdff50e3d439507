/* Preloaded where ./check looks for leaks: drivers stay loaded, so that what they leak has a name in the stack, which
 * lsan.supp can tell. */
int dlclose (void *module);

int
dlclose (void *module)
{
  return 0;
}
